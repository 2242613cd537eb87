// What the conjugate-gradient solver does on a GPU: its rows of a sparse matrix, and vectors.

// to = rows * from. Columns below `own_rows` are this part's own; those from there on lie in `border`,
// which other GPUs and MPI wrote.
kernel void spmv(global const uint* restrict start, global const uint* restrict column,
                 global const double* restrict value, global const double* restrict own,
                 global const double* restrict border, global double* restrict to, uint own_rows) {
  const size_t row = get_global_id(0);
  double sum = 0;
  for (uint i = start[row]; i < start[row + 1]; ++i) {
    const uint c = column[i];
    sum += value[i] * (c < own_rows ? own[c] : border[c - own_rows]);
  }
  to[row] = sum;
}

// Hands the values that others need to `border`.
kernel void gather(global const double* restrict from, global const uint* restrict row,
                   global const uint* restrict place, global double* restrict border) {
  const size_t i = get_global_id(0);
  border[place[i]] = from[row[i]];
}

// y = y + a x
kernel void axpy(double a, global const double* restrict x, global double* restrict y) {
  const size_t i = get_global_id(0);
  y[i] += a * x[i];
}

// y = x + a y
kernel void xpay(global const double* restrict x, double a, global double* restrict y) {
  const size_t i = get_global_id(0);
  y[i] = x[i] + a * y[i];
}

// Each work-item sums its share, in an order that never changes; the host sums the shares.
kernel void dot_shares(global const double* x, global const double* y, uint count,
                       global double* share) {
  const size_t me = get_global_id(0);
  double sum = 0;
  for (size_t i = me; i < count; i += get_global_size(0)) sum += x[i] * y[i];
  share[me] = sum;
}
