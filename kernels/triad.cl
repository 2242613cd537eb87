// The four loops of the STREAM benchmark, each in a float and a double version.

#pragma OPENCL EXTENSION cl_khr_fp64 : enable

#define STREAM(type, suffix)                                                                    \
  kernel void copy##suffix(global const type* restrict a, global type* restrict c) {            \
    const size_t i = get_global_id(0);                                                          \
    c[i] = a[i];                                                                                \
  }                                                                                             \
  kernel void scale##suffix(global const type* restrict c, global type* restrict b, type s) {   \
    const size_t i = get_global_id(0);                                                          \
    b[i] = s * c[i];                                                                            \
  }                                                                                             \
  kernel void add##suffix(global const type* restrict a, global const type* restrict b,         \
                          global type* restrict c) {                                            \
    const size_t i = get_global_id(0);                                                          \
    c[i] = a[i] + b[i];                                                                         \
  }                                                                                             \
  kernel void triad##suffix(global type* restrict a, global const type* restrict b,             \
                            global const type* restrict c, type s) {                            \
    const size_t i = get_global_id(0);                                                          \
    a[i] = b[i] + s * c[i];                                                                     \
  }

STREAM(double, )
STREAM(float, _float)
