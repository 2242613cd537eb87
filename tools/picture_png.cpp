#include "tools/picture_png.hpp"

#include <stdexcept>

#ifdef ZESVM_WITH_RSVG

#include <cairo.h>
#include <librsvg/rsvg.h>
#include <memory>

namespace zesvm::tools {
namespace {

// Text of 10 pixels is small on a screen of today.
constexpr double scale = 2;

struct Handle {
  explicit Handle(const std::string& svg)
      : rsvg(rsvg_handle_new_from_data(reinterpret_cast<const guint8*>(svg.data()), svg.size(),
                                       nullptr)) {
    if (rsvg == nullptr) throw std::runtime_error("the picture is no SVG that librsvg reads");
  }
  ~Handle() { g_object_unref(rsvg); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  RsvgHandle* rsvg;
};

struct SurfaceEnd {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
};
struct ContextEnd {
  void operator()(cairo_t* context) const { cairo_destroy(context); }
};

}  // namespace

void write_png(const std::string& file, const std::string& svg) {
  const Handle handle(svg);
  double width = 0, height = 0;
  if (!rsvg_handle_get_intrinsic_size_in_pixels(handle.rsvg, &width, &height))
    throw std::runtime_error("the picture has no size");
  const std::unique_ptr<cairo_surface_t, SurfaceEnd> surface(cairo_image_surface_create(
      CAIRO_FORMAT_ARGB32, static_cast<int>(width * scale), static_cast<int>(height * scale)));
  const std::unique_ptr<cairo_t, ContextEnd> context(cairo_create(surface.get()));
  const RsvgRectangle all{0, 0, width * scale, height * scale};
  if (!rsvg_handle_render_document(handle.rsvg, context.get(), &all, nullptr))
    throw std::runtime_error("librsvg cannot draw the picture");
  const cairo_status_t status = cairo_surface_write_to_png(surface.get(), file.c_str());
  if (status != CAIRO_STATUS_SUCCESS)
    throw std::runtime_error(file + ": cannot be written: " + cairo_status_to_string(status));
}

}  // namespace zesvm::tools

#else

namespace zesvm::tools {

void write_png(const std::string& file, const std::string&) {
  throw std::runtime_error(file + ": this zesvm was built without librsvg; write an --svg instead");
}

}  // namespace zesvm::tools

#endif
