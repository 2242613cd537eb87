kernel void scale(float factor, global float* values) { values[get_global_id(0)] *= factor; }
