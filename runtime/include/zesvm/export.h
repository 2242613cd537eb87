/// @file export.h
/// Marks what the library offers to others; everything else stays inside it.
#ifndef ZESVM_EXPORT_H
#define ZESVM_EXPORT_H

/// Visible outside libzesvm.so.
#define ZESVM_API __attribute__((visibility("default")))

#endif
