// One argument of each kind.
typedef struct {
  double x;
  int n;
} pair;

__constant float table[4] = {1.0f, 2.0f, 3.0f, 4.0f};

kernel void each_kind(global const float* restrict in, global volatile int* out,
                      constant float* weights, local float* scratch, float scale, float4 vector,
                      pair both, char tiny, read_only image2d_t image, sampler_t sampler) {
  const size_t i = get_global_id(0);
  scratch[get_local_id(0)] = in[i] * scale * weights[0] + table[i & 3];
  barrier(CLK_LOCAL_MEM_FENCE);
  out[i] = (int)(scratch[0] + vector.y + both.x + both.n + tiny +
                 read_imagef(image, sampler, (int2)(0, 0)).x);
}

kernel __attribute__((reqd_work_group_size(8, 4, 2))) void fixed_group(global int* out) {
  local int shared[100];
  shared[get_local_id(0)] = out[0];
  barrier(CLK_LOCAL_MEM_FENCE);
  out[get_global_id(0)] = shared[99 - get_local_id(0)];
}

kernel __attribute__((work_group_size_hint(64, 1, 1))) __attribute__((intel_reqd_sub_group_size(16)))
__attribute__((vec_type_hint(float4))) void hinted(global int* out) {
  out[get_global_id(0)] = 1;
}

kernel void nothing(void) {}
