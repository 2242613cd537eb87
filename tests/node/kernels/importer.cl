// Needs a function of another module.

int twice(int value);

kernel void call_twice(global int* data) { *data = twice(*data); }
