/* Plans in C11: made, read, applied, and refused. */
#include <string.h>

#include <zesvm/zesvm.h>

#include "c11_check.h"

int run_c11_placement(void);

enum { chunk = 2 << 20 };

static int check_distributions(const zesvm_planner* planner, void* memory) {
  int line = 0;
  const size_t devices[2] = {1, 0};
  const zesvm_memory_use touch = {.size = sizeof touch, .device = 1};
  zesvm_placed_piece piece = {.size = sizeof piece};
  zesvm_plan* plans[3] = {NULL, NULL, NULL};
  CHECK(zesvm_plan_block(planner, memory, 2 * chunk, devices, 2, &plans[0]) == ZESVM_OK);
  CHECK(zesvm_plan_piece(plans[0], 0, &piece) == ZESVM_OK);
  CHECK(piece.device == 1 && piece.bytes == chunk && piece.begin == memory);
  CHECK(zesvm_plan_cyclic(planner, memory, 2 * chunk, chunk, NULL, 0, &plans[1]) == ZESVM_OK);
  CHECK(zesvm_plan_piece(plans[1], 1, &piece) == ZESVM_OK);
  CHECK(piece.device == 1 && piece.cost_nanoseconds == 0);
  CHECK(zesvm_plan_first_touch(planner, memory, 2 * chunk, &touch, 1, &plans[2]) == ZESVM_OK);
  CHECK(zesvm_plan_piece_count(plans[2]) == 1);
  CHECK(zesvm_plan_piece(plans[2], 1, &piece) == ZESVM_INVALID_ARGUMENT);

end:
  zesvm_plan_destroy(plans[0]);
  zesvm_plan_destroy(plans[1]);
  zesvm_plan_destroy(plans[2]);
  return line;
}

int run_c11_placement(void) {
  int line = 0;
  zesvm_runtime* runtime = NULL;
  zesvm_planner* planner = NULL;
  zesvm_plan* plan = NULL;
  void* memory = NULL;
  const zesvm_memory_use uses[2] = {
      {.size = sizeof uses[0], .device = 1, .read_bytes = chunk, .times = 10},
      {.size = sizeof uses[1], .device = ZESVM_SYSTEM, .written_bytes = chunk, .end = chunk}};
  zesvm_placed_piece piece = {.size = sizeof piece};
  zesvm_hint hint = {.size = sizeof hint};
  char text[512];
  size_t length = sizeof text;
  uint64_t resident = 0;

  CHECK(zesvm_runtime_create(NULL, &runtime) == ZESVM_OK);
  CHECK(zesvm_allocate(runtime, 2 * chunk, 0, &memory) == ZESVM_OK);
  memset(memory, 0, 2 * chunk);
  CHECK(zesvm_planner_create(runtime, &planner) == ZESVM_OK);
  CHECK(zesvm_plan_uses(planner, memory, 2 * chunk, uses, 2, &plan) == ZESVM_OK);
  CHECK(zesvm_plan_piece_count(plan) >= 1);
  CHECK(zesvm_plan_piece(plan, 0, &piece) == ZESVM_OK);
  CHECK(piece.device == 1 && piece.cost_nanoseconds > 0 && strstr(piece.reason, "costs") != NULL);
  CHECK(zesvm_plan_cost(plan) >= piece.cost_nanoseconds);
  CHECK(zesvm_plan_text(plan, text, &length) == ZESVM_OK);
  CHECK(length <= sizeof text && strstr(text, "virtual time") != NULL);
  CHECK(zesvm_plan_apply(planner, plan, &hint) == ZESVM_OK);
  CHECK(hint.outcome == ZESVM_APPLIED);
  CHECK(zesvm_resident_bytes(runtime, memory, chunk, 1, &resident) == ZESVM_OK);
  CHECK(resident == chunk);
  CHECK(zesvm_place_host_memory(planner, memory, chunk, 1, &hint) == ZESVM_OK);
  CHECK(zesvm_bind_thread_near(planner, 1, &hint) == ZESVM_OK);
  line = check_distributions(planner, memory);

end:
  zesvm_plan_destroy(plan);
  zesvm_planner_destroy(planner);
  if (memory != NULL && zesvm_free(runtime, memory) != ZESVM_OK) line = __LINE__;
  zesvm_runtime_destroy(runtime);
  return line;
}
