// Module-scope variables: plain, initialised, pointing at each other, used through a function.
typedef struct node {
  int value;
  global struct node* next;
} node;

global int counter = 7;
global float values[16];
global node last = {3, 0};
global node first = {1, &last};
global int* global cursor = &counter;
static global int hidden = 5;
constant int lookup[4] = {10, 20, 30, 40};

global float* global middle = &values[2];

__attribute__((noinline)) void add(int amount) { counter += amount; }

__attribute__((noinline)) int step(int amount) {
  add(amount);
  return hidden++;
}

kernel void bump(global int* out, int amount) {
  out[0] = step(amount);
  out[1] = counter;
  out[2] = *cursor;
  out[3] = first.next->value;
  out[4] = lookup[amount & 3];
  values[amount & 15] = (float)amount;
  middle[0] = values[3];
}

kernel void address(global ulong* out) {
  out[0] = (ulong)&counter;
  out[1] = (ulong)&values[2];
  cursor = &hidden;
}

kernel void untouched(global int* out) { out[0] = 1; }
