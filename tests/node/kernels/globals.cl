// Module-scope variables that a program can reach by name, also from functions and each other.

struct entry {
  int number;
  global float* at;
};

global int counter = 40;
global float table[4] = {1.0f, 2.0f, 4.0f, 8.0f};
global struct entry second = {7, &table[1]};
global int* global to_counter = &counter;
constant int steps[2] = {1, 2};

__attribute__((noinline)) int step(int which) {
  *to_counter += steps[which];
  return counter;
}

kernel void use_globals(global int* count, global float* values) {
  *count = step(0);
  for (int i = 0; i < 4; ++i) values[i] = table[i];
}

kernel void follow_globals(global int* number, global float* value) {
  *number = second.number;
  *value = *second.at;
}
