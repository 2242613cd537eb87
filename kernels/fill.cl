// Simple kernels: every work-item does one thing at its own place.

kernel void fill(global uint* values, uint value) { values[get_global_id(0)] = value; }

kernel void increment(global uint* values) { values[get_global_id(0)] += 1u; }

// Every work-item adds to the same word.
kernel void count(volatile global uint* counter) { atomic_inc(counter); }
