// Values chosen before the module is built.
int __spirv_SpecConstant(int id, int value) __attribute__((overloadable));
float __spirv_SpecConstant(int id, float value) __attribute__((overloadable));
char __spirv_SpecConstant(int id, char value) __attribute__((overloadable));
long __spirv_SpecConstant(int id, long value) __attribute__((overloadable));

kernel void scaled(global float* data) {
  const int width = __spirv_SpecConstant(3, 42);
  const float factor = __spirv_SpecConstant(7, 1.5f);
  const long offset = __spirv_SpecConstant(11, 0x100000002L);
  const char tag = __spirv_SpecConstant(12, (char)9);
  data[get_global_id(0)] = data[get_global_id(0)] * factor + width + offset + tag;
}
