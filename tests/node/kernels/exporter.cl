// Defines what importer.cl needs.

int twice(int value) { return 2 * value; }
