/// @file export.hpp
/// Marks what the library offers to others; everything else stays inside it.
#pragma once

/// Visible outside libzesvm.so.
#define ZESVM_API __attribute__((visibility("default")))
