// One step of the heat equation on a grid of `width` columns: the five-point scheme. Cells on the
// border of the whole grid keep their value.

// Computes rows [first_row, first_row + get_global_size(1)); get_global_size(0) is `width`. Reads
// one row more on either side, wherever those live.
kernel void heat_step(global const float* restrict from, global float* restrict to, uint width,
                      uint height, uint first_row, float rate) {
  const size_t x = get_global_id(0);
  const size_t y = get_global_id(1) + first_row;
  const size_t i = y * width + x;
  const float here = from[i];
  if (x == 0 || y == 0 || x == width - 1 || y == height - 1) {
    to[i] = here;
    return;
  }
  const float around = from[i - 1] + from[i + 1] + from[i - width] + from[i + width];
  to[i] = here + rate * (around - 4.0f * here);
}
