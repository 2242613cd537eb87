// Follows addresses found in memory: no argument points to what it changes.
kernel void increment_behind(global const ulong* table) {
  global uint* target = (global uint*)table[get_global_id(0)];
  target[0] += 1;
}
