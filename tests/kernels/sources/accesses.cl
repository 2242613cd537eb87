// What kernels do with their arguments.
kernel void triad(global const double* a, global const double* b, global double* c, double s) {
  const size_t i = get_global_id(0);
  c[i] = a[i] + s * b[i];
}

kernel void update(global int* data, global const int* index) { data[index[0]] += 1; }

kernel void count(global int* histogram, global const uchar* data) {
  atomic_inc(&histogram[data[get_global_id(0)]]);
}

kernel void unused(global int* a, global int* b) { a[0] = 1; }

kernel void chase(global ulong* links, global int* out) {
  global int* target = (global int*)links[0];
  *target = out[0];
}

kernel void leak(global int* kept, global ulong* where) { where[0] = (ulong)kept; }

__attribute__((noinline)) void store_to(global int* where, int value) { where[1] = value; }
__attribute__((noinline)) int load_from(global const int* where) { return where[2]; }
__attribute__((noinline)) global int* pick(global int* a, global int* b, int which) {
  return which ? a : b;
}

kernel void calls(global int* to, global const int* from) { store_to(to, load_from(from)); }

kernel void either(global int* a, global int* b, global int* c, int which) {
  c[0] = *pick(a, b, which);
}

kernel void loops(global int* list, int n) {
  global int* p = list;
  for (int i = 0; i < n; ++i) p = p + i;
  *p = n;
}

kernel void copies(global const float* from, global float* to) {
  for (int i = 0; i < 16; ++i) to[i] = from[i];
}

kernel void vectors(global const float* from, global float* to) {
  vstore4(vload4(0, from), 0, to);
}

// No module has its code.
void elsewhere(global int* where);
kernel void outside(global int* handed, global const int* own) {
  if (own[0] > 0) elsewhere(handed);
}
