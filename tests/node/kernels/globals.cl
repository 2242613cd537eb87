// Module-scope variables that a program can reach by name.

global int counter = 40;
global float table[4] = {1.0f, 2.0f, 4.0f, 8.0f};

kernel void use_globals(global int* count, global float* values) {
  *count = ++counter;
  for (int i = 0; i < 4; ++i) values[i] = table[i];
}
