// One step of the heat equation: the five-point scheme on a band of rows of a larger grid.
//
// The bands of other devices are never touched: `above` and `below` are rows that the neighbours
// wrote for this step, and this band's own first and last row go to `first_row` and `last_row` for
// them. A null neighbour is the border of the grid, whose cells keep their value.
kernel void heat_step(global const float* restrict from, global float* restrict to,
                      global const float* above, global const float* below,
                      global float* first_row, global float* last_row, uint rows, float rate) {
  const size_t width = get_global_size(0);
  const size_t x = get_global_id(0);
  const size_t y = get_global_id(1);
  const size_t i = y * width + x;
  const bool is_first = y == 0;
  const bool is_last = y == rows - 1;
  float value = from[i];
  const bool is_border = x == 0 || x == width - 1 || (is_first && !above) || (is_last && !below);
  if (!is_border) {
    const float up = is_first ? above[x] : from[i - width];
    const float down = is_last ? below[x] : from[i + width];
    value += rate * (from[i - 1] + from[i + 1] + up + down - 4.0f * value);
  }
  to[i] = value;
  if (is_first) first_row[x] = value;
  if (is_last) last_row[x] = value;
}
