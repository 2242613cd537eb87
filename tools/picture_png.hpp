/// @file picture_png.hpp
/// Pictures as dots, by librsvg.
#pragma once

#include <string>

namespace zesvm::tools {

/// Writes an SVG picture to a file as PNG, at twice its size.
/// @errors std::runtime_error: built without librsvg, or the file cannot be written
void write_png(const std::string& file, const std::string& svg);

}  // namespace zesvm::tools
