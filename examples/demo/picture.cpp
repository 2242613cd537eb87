#include "picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <png.h>
#include <stdexcept>

namespace demo {
namespace {

using Colour = std::array<float, 3>;

// Dark to light through violet, red and orange: brightness rises all the way, so that the order of
// values is seen without colours, too.
constexpr std::array<Colour, 6> colours{Colour{0.02f, 0.01f, 0.09f}, Colour{0.26f, 0.04f, 0.41f},
                                        Colour{0.58f, 0.15f, 0.40f}, Colour{0.87f, 0.32f, 0.23f},
                                        Colour{0.99f, 0.64f, 0.15f}, Colour{0.99f, 1.00f, 0.75f}};

void colour_of(float value, unsigned char* pixel) {
  const float place = std::clamp(value, 0.0f, 1.0f) * (colours.size() - 1);
  const std::size_t below =
      std::min<std::size_t>(static_cast<std::size_t>(place), colours.size() - 2);
  const float part = place - static_cast<float>(below);
  for (std::size_t i = 0; i < 3; ++i) {
    const float mixed = colours[below][i] * (1 - part) + colours[below + 1][i] * part;
    pixel[i] = static_cast<unsigned char>(std::lround(mixed * 255));
  }
}

png_image empty_image() {
  png_image image;
  std::memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  return image;
}

[[noreturn]] void fail(png_image& image, const std::string& doing) {
  const std::string message = doing + ": " + image.message;
  png_image_free(&image);
  throw std::runtime_error(message);
}

}  // namespace

Picture read_png(const std::string& path) {
  png_image image = empty_image();
  if (png_image_begin_read_from_file(&image, path.c_str()) == 0) fail(image, "reading " + path);
  image.format = PNG_FORMAT_GRAY;
  std::vector<unsigned char> bytes(PNG_IMAGE_SIZE(image));
  const png_color black{0, 0, 0};
  if (png_image_finish_read(&image, &black, bytes.data(), 0, nullptr) == 0)
    fail(image, "reading " + path);
  Picture picture{image.width, image.height, std::vector<float>(bytes.size())};
  std::transform(bytes.begin(), bytes.end(), picture.values.begin(),
                 [](unsigned char byte) { return static_cast<float>(byte) / 255.0f; });
  return picture;
}

void write_heat_png(const std::string& path, const Picture& picture) {
  std::vector<unsigned char> pixels(picture.values.size() * 3);
  for (std::size_t i = 0; i < picture.values.size(); ++i)
    colour_of(picture.values[i], &pixels[i * 3]);
  png_image image = empty_image();
  image.width = static_cast<png_uint_32>(picture.width);
  image.height = static_cast<png_uint_32>(picture.height);
  image.format = PNG_FORMAT_RGB;
  if (png_image_write_to_file(&image, path.c_str(), 0, pixels.data(), 0, nullptr) == 0)
    fail(image, "writing " + path);
}

Picture shrunk_to(const Picture& picture, std::size_t width, std::size_t height) {
  const std::size_t step =
      std::max((picture.width + width - 1) / width, (picture.height + height - 1) / height);
  if (step <= 1) return picture;
  Picture small{picture.width / step, picture.height / step, {}};
  small.values.reserve(small.width * small.height);
  for (std::size_t y = 0; y < small.height; ++y) {
    for (std::size_t x = 0; x < small.width; ++x) {
      float sum = 0;
      for (std::size_t i = 0; i < step * step; ++i)
        sum += picture.at(x * step + i % step, y * step + i / step);
      small.values.push_back(sum / static_cast<float>(step * step));
    }
  }
  return small;
}

}  // namespace demo
