#include "plot.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iomanip>
#include <stdexcept>

#ifdef ZESVM_MPI_CAIRO
#include <array>
#include <cairo.h>
#include <memory>
#endif

namespace sparse {

void write_table(const std::string& path, const std::vector<Curve>& curves) {
  std::ofstream out(path);
  std::size_t longest = 0;
  out << "iteration" << std::setprecision(17);
  for (const Curve& curve : curves) {
    out << "," << curve.label;
    longest = std::max(longest, curve.values.size());
  }
  out << "\n";
  for (std::size_t i = 0; i < longest; ++i) {
    out << i;
    for (const Curve& curve : curves) {
      out << ",";
      if (i < curve.values.size()) out << curve.values[i];
    }
    out << "\n";
  }
  out.close();
  if (!out) throw std::runtime_error("cannot write " + path);
}

#ifdef ZESVM_MPI_CAIRO
namespace {

constexpr int width = 800, height = 500;
constexpr double left = 80, right = 30, top = 50, bottom = 60;
using Colour = std::array<double, 3>;
constexpr Colour grey{0.85, 0.85, 0.85}, black{0.1, 0.1, 0.1};
// Told apart without seeing colours, too: by brightness.
constexpr std::array<Colour, 2> colours{Colour{0.10, 0.35, 0.70}, Colour{0.90, 0.50, 0.10}};

/// A picture whose vertical axis has powers of ten.
class Canvas {
 public:
  explicit Canvas(const std::vector<Curve>& curves);
  void draw_axes(const std::string& title);
  void draw_line(const Curve& curve, const Colour& colour);
  void draw_dots(const Curve& curve, const Colour& colour);
  void draw_label(std::size_t index, const Curve& curve, const Colour& colour);
  void save(const std::string& path);

 private:
  enum class Side { left, middle, right };
  double x_of(double iteration) const { return left + iteration / last_ * (width - left - right); }
  double y_of(double exponent) const {
    return top + (highest_ - exponent) / (highest_ - lowest_) * (height - top - bottom);
  }
  double y_of_value(double value) const {
    return y_of(std::max(std::log10(std::max(value, 1e-300)), lowest_));
  }
  void use(const Colour& colour) {
    cairo_set_source_rgb(&*cairo_, colour[0], colour[1], colour[2]);
  }
  void line(double x0, double y0, double x1, double y1);
  void text(double x, double y, const std::string& text, Side side);

  double last_ = 1, lowest_ = -1, highest_ = 0;
  std::unique_ptr<cairo_surface_t, void (*)(cairo_surface_t*)> surface_;
  std::unique_ptr<cairo_t, void (*)(cairo_t*)> cairo_;
};

Canvas::Canvas(const std::vector<Curve>& curves)
    : surface_(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height),
               cairo_surface_destroy),
      cairo_(cairo_create(surface_.get()), cairo_destroy) {
  for (const Curve& curve : curves) {
    last_ = std::max(last_, static_cast<double>(curve.values.size()) - 1);
    for (const double value : curve.values) {
      if (!(value > 0)) continue;
      lowest_ = std::min(lowest_, std::floor(std::log10(value)));
      highest_ = std::max(highest_, std::ceil(std::log10(value)));
    }
  }
  cairo_set_source_rgb(cairo_.get(), 1, 1, 1);
  cairo_paint(cairo_.get());
  cairo_select_font_face(cairo_.get(), "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                         CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cairo_.get(), 14);
}

void Canvas::line(double x0, double y0, double x1, double y1) {
  cairo_set_line_width(cairo_.get(), 1);
  cairo_move_to(cairo_.get(), x0, y0);
  cairo_line_to(cairo_.get(), x1, y1);
  cairo_stroke(cairo_.get());
}

void Canvas::text(double x, double y, const std::string& text, Side side) {
  cairo_text_extents_t size;
  cairo_text_extents(cairo_.get(), text.c_str(), &size);
  if (side == Side::middle) x -= size.width / 2;
  if (side == Side::right) x -= size.width;
  cairo_move_to(cairo_.get(), x, y);
  cairo_show_text(cairo_.get(), text.c_str());
  cairo_new_path(cairo_.get());  // else the next line begins where the text ends
}

// Up to ten lines each way, at round numbers.
double round_step(double span) {
  const double power = std::pow(10.0, std::floor(std::log10(std::max(span, 1.0))));
  for (const double part : {0.1, 0.2, 0.5, 1.0})
    if (span / (power * part) <= 10 && power * part >= 1) return power * part;
  return power;
}

void Canvas::draw_axes(const std::string& title) {
  const double decades = round_step(highest_ - lowest_), steps = round_step(last_);
  for (double exponent = highest_; exponent >= lowest_; exponent -= decades) {
    use(grey);
    line(left, y_of(exponent), width - right, y_of(exponent));
    use(black);
    text(left - 8, y_of(exponent) + 5, "1e" + std::to_string(static_cast<int>(exponent)),
         Side::right);
  }
  for (double i = 0; i <= last_; i += steps) {
    use(grey);
    line(x_of(i), top, x_of(i), height - bottom);
    use(black);
    text(x_of(i), height - bottom + 20, std::to_string(static_cast<int>(i)), Side::middle);
  }
  text((left + width - right) / 2, 28, title, Side::middle);
  text((left + width - right) / 2, height - 14, "iteration (vertical: residual, relative)",
       Side::middle);
}

void Canvas::draw_line(const Curve& curve, const Colour& colour) {
  use(colour);
  cairo_set_line_width(cairo_.get(), 2.5);
  for (std::size_t i = 0; i < curve.values.size(); ++i)
    cairo_line_to(cairo_.get(), x_of(static_cast<double>(i)), y_of_value(curve.values[i]));
  cairo_stroke(cairo_.get());
}

void Canvas::draw_dots(const Curve& curve, const Colour& colour) {
  use(colour);
  const std::size_t step = std::max<std::size_t>(curve.values.size() / 60, 1);
  for (std::size_t i = 0; i < curve.values.size(); i += step) {
    cairo_arc(cairo_.get(), x_of(static_cast<double>(i)), y_of_value(curve.values[i]), 3.5, 0,
              6.2832);
    cairo_fill(cairo_.get());
  }
}

void Canvas::draw_label(std::size_t index, const Curve& curve, const Colour& colour) {
  const double y = top + 20 + 22 * static_cast<double>(index);
  use(colour);
  text(width - right - 12, y, curve.label, Side::right);
}

void Canvas::save(const std::string& path) {
  const cairo_status_t status = cairo_surface_write_to_png(surface_.get(), path.c_str());
  if (status != CAIRO_STATUS_SUCCESS)
    throw std::runtime_error("cannot write " + path + ": " + cairo_status_to_string(status));
}

}  // namespace

bool can_draw() { return true; }

void write_plot(const std::string& path, const std::string& title,
                const std::vector<Curve>& curves) {
  Canvas canvas(curves);
  canvas.draw_axes(title);
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const Colour& colour = colours[std::min(i, colours.size() - 1)];
    i == 0 ? canvas.draw_line(curves[i], colour) : canvas.draw_dots(curves[i], colour);
    canvas.draw_label(i, curves[i], colour);
  }
  canvas.save(path);
}

#else

bool can_draw() { return false; }

void write_plot(const std::string& path, const std::string&, const std::vector<Curve>&) {
  throw std::runtime_error("cannot draw " + path + ": built without cairo");
}

#endif

}  // namespace sparse
