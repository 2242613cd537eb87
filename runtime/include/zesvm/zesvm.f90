! zesvm for Fortran 2018: the functions of zesvm.h through iso_c_binding. That header says what each
! does; names, order of arguments and values are the same, but that structures end in _t, since
! Fortran does not tell zesvm_advice from zesvm_ADVICE.
!
! Handles are type(c_ptr). Arguments for which C may give a null pointer are optional, or take
! c_null_ptr. Texts end with c_null_char: zesvm_text('triad') makes one, zesvm_string() reads one.
! Structures have their size set: type(zesvm_hint_t) :: hint.
!
! Compile this file with your own compiler: no compiler reads modules of another.
module zesvm
  use, intrinsic :: iso_c_binding
  implicit none
  private
  public :: zesvm_version, zesvm_code_name, zesvm_last_error, zesvm_last_call, zesvm_last_result
  public :: zesvm_runtime_create, zesvm_runtime_around, zesvm_runtime_destroy
  public :: zesvm_is_simulated, zesvm_node_name, zesvm_native_driver, zesvm_native_context
  public :: zesvm_device_count, zesvm_device_name, zesvm_device_describe
  public :: zesvm_device_capabilities, zesvm_device_can_access, zesvm_allocate
  public :: zesvm_allocate_on, zesvm_adopt, zesvm_backing_of, zesvm_free, zesvm_contains
  public :: zesvm_allocated_bytes, zesvm_advise, zesvm_prefetch, zesvm_discard, zesvm_prepare
  public :: zesvm_pin, zesvm_unpin, zesvm_residency, zesvm_resident_bytes, zesvm_residency_text
  public :: zesvm_planner_create, zesvm_planner_destroy, zesvm_plan_uses, zesvm_plan_block
  public :: zesvm_plan_cyclic, zesvm_plan_first_touch, zesvm_plan_destroy
  public :: zesvm_plan_piece_count, zesvm_plan_piece, zesvm_plan_cost, zesvm_plan_text
  public :: zesvm_plan_apply, zesvm_place_host_memory, zesvm_bind_thread_near
  public :: zesvm_statistics, zesvm_report, zesvm_module_load, zesvm_module_create
  public :: zesvm_module_destroy, zesvm_module_kernel_count, zesvm_module_kernel_name
  public :: zesvm_module_native, zesvm_kernel_create, zesvm_kernel_load, zesvm_kernel_destroy
  public :: zesvm_kernel_argument_count, zesvm_kernel_use, zesvm_kernel_follows_pointers
  public :: zesvm_kernel_declare, zesvm_kernel_reach, zesvm_kernel_reach_everything
  public :: zesvm_stream_create, zesvm_stream_around, zesvm_stream_destroy, zesvm_stream_wait
  public :: zesvm_stream_native, zesvm_copy, zesvm_fill, zesvm_stream_prefetch, zesvm_launch
  public :: zesvm_record, zesvm_stream_wait_for, zesvm_stream_wait_for_native
  public :: zesvm_stream_signal_native, zesvm_event_destroy, zesvm_event_wait
  public :: zesvm_event_is_done, zesvm_event_native, zesvm_text, zesvm_string
  public :: zesvm_pointer_argument, zesvm_value_argument, zesvm_local_argument

  integer(c_int), parameter, public :: zesvm_ok = 0
  integer(c_int), parameter, public :: zesvm_backend_unavailable = 1
  integer(c_int), parameter, public :: zesvm_unknown_node = 2
  integer(c_int), parameter, public :: zesvm_invalid_argument = 3
  integer(c_int), parameter, public :: zesvm_unknown_memory = 4
  integer(c_int), parameter, public :: zesvm_out_of_host_memory = 5
  integer(c_int), parameter, public :: zesvm_out_of_device_memory = 6
  integer(c_int), parameter, public :: zesvm_unreadable_file = 7
  integer(c_int), parameter, public :: zesvm_module_rejected = 8
  integer(c_int), parameter, public :: zesvm_unknown_kernel = 9
  integer(c_int), parameter, public :: zesvm_launch_failed = 10
  integer(c_int), parameter, public :: zesvm_device_lost = 11
  integer(c_int), parameter, public :: zesvm_unsupported = 12
  integer(c_int), parameter, public :: zesvm_level_zero = 13
  integer(c_int), parameter, public :: zesvm_internal = 1000
  integer(c_int), parameter, public :: zesvm_backend_automatic = 0
  integer(c_int), parameter, public :: zesvm_backend_level_zero = 1
  integer(c_int), parameter, public :: zesvm_backend_simulator = 2
  integer(c_int), parameter, public :: zesvm_backing_automatic = 0
  integer(c_int), parameter, public :: zesvm_backing_system = 1
  integer(c_int), parameter, public :: zesvm_backing_shared = 2
  integer(c_int), parameter, public :: zesvm_backing_paged = 3
  integer(c_int), parameter, public :: zesvm_cpu_touch_automatic = 0
  integer(c_int), parameter, public :: zesvm_cpu_touch_bring_back = 1
  integer(c_int), parameter, public :: zesvm_cpu_touch_refuse = 2
  integer(c_int), parameter, public :: zesvm_cpu_touch_unhandled = 3
  integer(c_int), parameter, public :: zesvm_can_access = 1
  integer(c_int), parameter, public :: zesvm_can_atomics = 2
  integer(c_int), parameter, public :: zesvm_can_concurrent = 4
  integer(c_int), parameter, public :: zesvm_can_concurrent_atomics = 8
  integer(c_int), parameter, public :: zesvm_applied = 0
  integer(c_int), parameter, public :: zesvm_already_so = 1
  integer(c_int), parameter, public :: zesvm_ignored = 2
  integer(c_int), parameter, public :: zesvm_unconfirmed = 3
  integer(c_int), parameter, public :: zesvm_advice_location = 0
  integer(c_int), parameter, public :: zesvm_advice_atomic = 1
  integer(c_int), parameter, public :: zesvm_advice_read_mostly = 2
  integer(c_int), parameter, public :: zesvm_atomic_undefined = 0
  integer(c_int), parameter, public :: zesvm_atomic_device = 1
  integer(c_int), parameter, public :: zesvm_atomic_global = 2
  integer(c_int), parameter, public :: zesvm_atomic_cpu = 3
  integer(c_int), parameter, public :: zesvm_migrate_all_pages = 0
  integer(c_int), parameter, public :: zesvm_migrate_only_system_pages = 1
  integer(c_int), parameter, public :: zesvm_read = 0
  integer(c_int), parameter, public :: zesvm_write = 1
  integer(c_int), parameter, public :: zesvm_read_write = 2
  integer(c_int), parameter, public :: zesvm_atomic = 3
  integer(c_int), parameter, public :: zesvm_place_system = 0
  integer(c_int), parameter, public :: zesvm_place_device = 1
  integer(c_int), parameter, public :: zesvm_place_untouched = 2
  integer(c_int), parameter, public :: zesvm_place_unknown = 3
  integer(c_int), parameter, public :: zesvm_cause_gpu_fault = 0
  integer(c_int), parameter, public :: zesvm_cause_cpu_fault = 1
  integer(c_int), parameter, public :: zesvm_cause_gpu_atomic = 2
  integer(c_int), parameter, public :: zesvm_cause_prefetch = 3
  integer(c_int), parameter, public :: zesvm_cause_eviction = 4
  integer(c_int), parameter, public :: zesvm_cause_advice = 5
  integer(c_int), parameter, public :: zesvm_cause_unmap = 6
  integer(c_int), parameter, public :: zesvm_cause_device_removal = 7
  integer(c_int), parameter, public :: zesvm_cause_explicit_request = 8
  integer(c_int), parameter, public :: zesvm_cause_count = 9
  integer(c_int), parameter, public :: zesvm_report_text = 0
  integer(c_int), parameter, public :: zesvm_report_json = 1
  integer(c_int), parameter, public :: zesvm_pointer = 0
  integer(c_int), parameter, public :: zesvm_value = 1
  integer(c_int), parameter, public :: zesvm_local = 2
  ! Stand for system memory, and for no preference, where a device is asked for.
  integer(c_size_t), parameter, public :: zesvm_system = -1
  integer(c_size_t), parameter, public :: zesvm_anywhere = -2

  type, bind(c), public :: zesvm_runtime_options_t
    integer(c_size_t) :: size = 32
    integer(c_int) :: backend = 0
    integer(c_int) :: backing = 0
    type(c_ptr) :: node = c_null_ptr
    integer(c_int) :: cpu_touch = 0
    integer(c_int32_t) :: reserved = 0
  end type

  type, bind(c), public :: zesvm_device_info_t
    integer(c_size_t) :: size = 312
    type(c_ptr) :: native_handle = c_null_ptr
    character(kind=c_char) :: name(256) = c_null_char
    integer(c_int64_t) :: memory_bytes = 0
    integer(c_int32_t) :: card = 0, tile = 0, tiles_on_card = 0, execution_units = 0
    integer(c_int32_t) :: max_group_size = 0, local_memory_bytes = 0
    integer(c_int32_t) :: has_page_faults = 0, has_shared_system_memory = 0
  end type

  type, bind(c), public :: zesvm_capabilities_t
    integer(c_size_t) :: size = 96
    integer(c_int32_t) :: device_memory = 0, host_memory = 0, shared_memory = 0
    integer(c_int32_t) :: shared_memory_of_others = 0, system_memory = 0
    integer(c_int32_t) :: has_host_physical_memory = 0
    integer(c_int64_t) :: max_allocation_bytes = 0, small_page_bytes = 0, large_page_bytes = 0
    integer(c_int64_t) :: peers = 0
    integer(c_int) :: backing = 0
    integer(c_int32_t) :: is_sub_device = 0
    type(c_ptr) :: backing_reason = c_null_ptr
    type(c_ptr) :: hierarchy = c_null_ptr, affinity_mask = c_null_ptr
  end type

  type, bind(c), public :: zesvm_hint_t
    integer(c_size_t) :: size = 24
    integer(c_int) :: outcome = 0
    integer(c_int32_t) :: reserved = 0
    type(c_ptr) :: reason = c_null_ptr
  end type

  type, bind(c), public :: zesvm_advice_t
    integer(c_size_t) :: size = 32
    integer(c_int) :: kind = 0
    integer(c_int) :: migrate = 0
    integer(c_size_t) :: device = 0
    integer(c_int) :: atomic_access = 0
    integer(c_int32_t) :: reserved = 0
  end type

  type, bind(c), public :: zesvm_access_t
    type(c_ptr) :: begin = c_null_ptr
    integer(c_size_t) :: bytes = 0
    integer(c_int) :: mode = 0
    integer(c_int32_t) :: reserved = 0
  end type

  type, bind(c), public :: zesvm_resident_piece_t
    type(c_ptr) :: begin = c_null_ptr
    integer(c_size_t) :: bytes = 0
    integer(c_int) :: place = 0
    integer(c_int32_t) :: reserved = 0
    integer(c_size_t) :: device = 0
    integer(c_int64_t) :: mapped_on = 0
  end type

  type, bind(c), public :: zesvm_transfer_t
    integer(c_int64_t) :: count = 0, bytes = 0, nanoseconds = 0, smallest = 0, largest = 0
  end type

  type, bind(c), public :: zesvm_virtual_time_t
    integer(c_int64_t) :: now = 0, faults = 0, copies = 0, accesses = 0, launches = 0
    integer(c_int64_t) :: contention = 0, remote_read_bytes = 0, remote_written_bytes = 0
  end type

  type, bind(c), public :: zesvm_tile_statistics_t
    integer(c_size_t) :: size = 360
    integer(c_size_t) :: device = 0
    integer(c_int64_t) :: gpu_faults = 0, gpu_faults_valid = 0, gpu_faults_atomic = 0
    integer(c_int64_t) :: gpu_fault_nanoseconds = 0, cpu_faults = 0
    type(zesvm_transfer_t) :: to_device, to_system, from_peer
    integer(c_int64_t) :: evictions = 0, invalidations = 0, retries = 0, failures = 0
    integer(c_int64_t) :: causes(9) = 0
    integer(c_int64_t) :: vram_bytes = 0, vram_used_bytes = 0
    type(zesvm_virtual_time_t) :: virtual_time
  end type

  type, bind(c), public :: zesvm_memory_use_t
    integer(c_size_t) :: size = 64
    integer(c_size_t) :: device = 0
    integer(c_int64_t) :: read_bytes = 0, written_bytes = 0, atomics = 0, times = 0
    integer(c_int64_t) :: begin = 0, end = 0
  end type

  type, bind(c), public :: zesvm_placed_piece_t
    integer(c_size_t) :: size = 48
    type(c_ptr) :: begin = c_null_ptr
    integer(c_size_t) :: bytes = 0
    integer(c_size_t) :: device = 0
    integer(c_int64_t) :: cost_nanoseconds = 0
    type(c_ptr) :: reason = c_null_ptr
  end type

  type, bind(c), public :: zesvm_argument_use_t
    integer(c_size_t) :: size = 32
    integer(c_int32_t) :: is_read = 0, is_written = 0, is_atomic = 0, escapes = 0
    integer(c_int32_t) :: is_declared = 0, reserved = 0
  end type

  type, bind(c), public :: zesvm_argument_t
    integer(c_int) :: kind = 0
    integer(c_int32_t) :: reserved = 0
    type(c_ptr) :: data = c_null_ptr
    integer(c_size_t) :: bytes = 0
  end type

  interface
    subroutine zesvm_version(major, minor, patch) bind(c, name='zesvm_version')
      import :: c_int32_t
      integer(c_int32_t), optional, intent(inout) :: major
      integer(c_int32_t), optional, intent(inout) :: minor
      integer(c_int32_t), optional, intent(inout) :: patch
    end subroutine
    function zesvm_code_name(code) bind(c, name='zesvm_code_name')
      import :: c_int, c_ptr
      integer(c_int), value :: code
      type(c_ptr) :: zesvm_code_name
    end function
    function zesvm_last_error() bind(c, name='zesvm_last_error')
      import :: c_ptr
      type(c_ptr) :: zesvm_last_error
    end function
    function zesvm_last_call() bind(c, name='zesvm_last_call')
      import :: c_ptr
      type(c_ptr) :: zesvm_last_call
    end function
    function zesvm_last_result() bind(c, name='zesvm_last_result')
      import :: c_int32_t
      integer(c_int32_t) :: zesvm_last_result
    end function
    function zesvm_runtime_create(options, runtime) bind(c, name='zesvm_runtime_create')
      import :: c_int, c_ptr, zesvm_runtime_options_t
      type(zesvm_runtime_options_t), optional, intent(in) :: options
      type(c_ptr), intent(inout) :: runtime
      integer(c_int) :: zesvm_runtime_create
    end function
    function zesvm_runtime_around(driver, context, runtime) bind(c, name='zesvm_runtime_around')
      import :: c_int, c_ptr
      type(c_ptr), value :: driver
      type(c_ptr), value :: context
      type(c_ptr), intent(inout) :: runtime
      integer(c_int) :: zesvm_runtime_around
    end function
    subroutine zesvm_runtime_destroy(runtime) bind(c, name='zesvm_runtime_destroy')
      import :: c_ptr
      type(c_ptr), value :: runtime
    end subroutine
    function zesvm_is_simulated(runtime) bind(c, name='zesvm_is_simulated')
      import :: c_int, c_ptr
      type(c_ptr), value :: runtime
      integer(c_int) :: zesvm_is_simulated
    end function
    function zesvm_node_name(runtime) bind(c, name='zesvm_node_name')
      import :: c_ptr
      type(c_ptr), value :: runtime
      type(c_ptr) :: zesvm_node_name
    end function
    function zesvm_native_driver(runtime) bind(c, name='zesvm_native_driver')
      import :: c_ptr
      type(c_ptr), value :: runtime
      type(c_ptr) :: zesvm_native_driver
    end function
    function zesvm_native_context(runtime) bind(c, name='zesvm_native_context')
      import :: c_ptr
      type(c_ptr), value :: runtime
      type(c_ptr) :: zesvm_native_context
    end function
    function zesvm_device_count(runtime) bind(c, name='zesvm_device_count')
      import :: c_ptr, c_size_t
      type(c_ptr), value :: runtime
      integer(c_size_t) :: zesvm_device_count
    end function
    function zesvm_device_name(runtime, device) bind(c, name='zesvm_device_name')
      import :: c_ptr, c_size_t
      type(c_ptr), value :: runtime
      integer(c_size_t), value :: device
      type(c_ptr) :: zesvm_device_name
    end function
    function zesvm_device_describe(runtime, device, info) bind(c, name='zesvm_device_describe')
      import :: c_int, c_ptr, c_size_t, zesvm_device_info_t
      type(c_ptr), value :: runtime
      integer(c_size_t), value :: device
      type(zesvm_device_info_t), intent(inout) :: info
      integer(c_int) :: zesvm_device_describe
    end function
    function zesvm_device_capabilities( &
        runtime, device, capabilities) &
        bind(c, name='zesvm_device_capabilities')
      import :: c_int, c_ptr, c_size_t, zesvm_capabilities_t
      type(c_ptr), value :: runtime
      integer(c_size_t), value :: device
      type(zesvm_capabilities_t), intent(inout) :: capabilities
      integer(c_int) :: zesvm_device_capabilities
    end function
    function zesvm_device_can_access( &
        runtime, device, other, can_access) &
        bind(c, name='zesvm_device_can_access')
      import :: c_int, c_ptr, c_size_t
      type(c_ptr), value :: runtime
      integer(c_size_t), value :: device
      integer(c_size_t), value :: other
      integer(c_int), intent(inout) :: can_access
      integer(c_int) :: zesvm_device_can_access
    end function
    function zesvm_allocate(runtime, bytes, alignment, pointer) bind(c, name='zesvm_allocate')
      import :: c_int, c_ptr, c_size_t
      type(c_ptr), value :: runtime
      integer(c_size_t), value :: bytes
      integer(c_size_t), value :: alignment
      type(c_ptr), intent(inout) :: pointer
      integer(c_int) :: zesvm_allocate
    end function
    function zesvm_allocate_on( &
        runtime, bytes, alignment, backing, pointer) &
        bind(c, name='zesvm_allocate_on')
      import :: c_int, c_ptr, c_size_t
      type(c_ptr), value :: runtime
      integer(c_size_t), value :: bytes
      integer(c_size_t), value :: alignment
      integer(c_int), value :: backing
      type(c_ptr), intent(inout) :: pointer
      integer(c_int) :: zesvm_allocate_on
    end function
    function zesvm_adopt(runtime, pointer, bytes) bind(c, name='zesvm_adopt')
      import :: c_int, c_ptr, c_size_t
      type(c_ptr), value :: runtime
      type(c_ptr), value :: pointer
      integer(c_size_t), value :: bytes
      integer(c_int) :: zesvm_adopt
    end function
    function zesvm_backing_of(runtime, pointer, backing) bind(c, name='zesvm_backing_of')
      import :: c_int, c_ptr
      type(c_ptr), value :: runtime
      type(c_ptr), value :: pointer
      integer(c_int), intent(inout) :: backing
      integer(c_int) :: zesvm_backing_of
    end function
    function zesvm_free(runtime, pointer) bind(c, name='zesvm_free')
      import :: c_int, c_ptr
      type(c_ptr), value :: runtime
      type(c_ptr), value :: pointer
      integer(c_int) :: zesvm_free
    end function
    function zesvm_contains(runtime, pointer) bind(c, name='zesvm_contains')
      import :: c_int, c_ptr
      type(c_ptr), value :: runtime
      type(c_ptr), value :: pointer
      integer(c_int) :: zesvm_contains
    end function
    function zesvm_allocated_bytes(runtime) bind(c, name='zesvm_allocated_bytes')
      import :: c_int64_t, c_ptr
      type(c_ptr), value :: runtime
      integer(c_int64_t) :: zesvm_allocated_bytes
    end function
    function zesvm_advise(runtime, pointer, bytes, advice, hint) bind(c, name='zesvm_advise')
      import :: c_int, c_ptr, c_size_t, zesvm_advice_t, zesvm_hint_t
      type(c_ptr), value :: runtime
      type(c_ptr), value :: pointer
      integer(c_size_t), value :: bytes
      type(zesvm_advice_t), intent(in) :: advice
      type(zesvm_hint_t), optional, intent(inout) :: hint
      integer(c_int) :: zesvm_advise
    end function
    function zesvm_prefetch(runtime, pointer, bytes, device, hint) bind(c, name='zesvm_prefetch')
      import :: c_int, c_ptr, c_size_t, zesvm_hint_t
      type(c_ptr), value :: runtime
      type(c_ptr), value :: pointer
      integer(c_size_t), value :: bytes
      integer(c_size_t), value :: device
      type(zesvm_hint_t), optional, intent(inout) :: hint
      integer(c_int) :: zesvm_prefetch
    end function
    function zesvm_discard(runtime, pointer, bytes, hint) bind(c, name='zesvm_discard')
      import :: c_int, c_ptr, c_size_t, zesvm_hint_t
      type(c_ptr), value :: runtime
      type(c_ptr), value :: pointer
      integer(c_size_t), value :: bytes
      type(zesvm_hint_t), optional, intent(inout) :: hint
      integer(c_int) :: zesvm_discard
    end function
    function zesvm_prepare(runtime, device, accesses, count, hint) bind(c, name='zesvm_prepare')
      import :: c_int, c_ptr, c_size_t, zesvm_access_t, zesvm_hint_t
      type(c_ptr), value :: runtime
      integer(c_size_t), value :: device
      type(zesvm_access_t), intent(in) :: accesses(*)
      integer(c_size_t), value :: count
      type(zesvm_hint_t), optional, intent(inout) :: hint
      integer(c_int) :: zesvm_prepare
    end function
    function zesvm_pin(runtime, pointer, bytes, hint) bind(c, name='zesvm_pin')
      import :: c_int, c_ptr, c_size_t, zesvm_hint_t
      type(c_ptr), value :: runtime
      type(c_ptr), value :: pointer
      integer(c_size_t), value :: bytes
      type(zesvm_hint_t), optional, intent(inout) :: hint
      integer(c_int) :: zesvm_pin
    end function
    function zesvm_unpin(runtime, pointer, bytes) bind(c, name='zesvm_unpin')
      import :: c_int, c_ptr, c_size_t
      type(c_ptr), value :: runtime
      type(c_ptr), value :: pointer
      integer(c_size_t), value :: bytes
      integer(c_int) :: zesvm_unpin
    end function
    function zesvm_residency( &
        runtime, pointer, bytes, pieces, count) &
        bind(c, name='zesvm_residency')
      import :: c_int, c_ptr, c_size_t, zesvm_resident_piece_t
      type(c_ptr), value :: runtime
      type(c_ptr), value :: pointer
      integer(c_size_t), value :: bytes
      type(zesvm_resident_piece_t), optional, intent(inout) :: pieces(*)
      integer(c_size_t), intent(inout) :: count
      integer(c_int) :: zesvm_residency
    end function
    function zesvm_resident_bytes( &
        runtime, pointer, bytes, device, resident) &
        bind(c, name='zesvm_resident_bytes')
      import :: c_int, c_int64_t, c_ptr, c_size_t
      type(c_ptr), value :: runtime
      type(c_ptr), value :: pointer
      integer(c_size_t), value :: bytes
      integer(c_size_t), value :: device
      integer(c_int64_t), intent(inout) :: resident
      integer(c_int) :: zesvm_resident_bytes
    end function
    function zesvm_residency_text( &
        runtime, pointer, bytes, text, length) &
        bind(c, name='zesvm_residency_text')
      import :: c_char, c_int, c_ptr, c_size_t
      type(c_ptr), value :: runtime
      type(c_ptr), value :: pointer
      integer(c_size_t), value :: bytes
      character(kind=c_char), optional, intent(inout) :: text(*)
      integer(c_size_t), intent(inout) :: length
      integer(c_int) :: zesvm_residency_text
    end function
    function zesvm_planner_create( &
        runtime, planner) &
        bind(c, name='zesvm_planner_create')
      import :: c_int, c_ptr
      type(c_ptr), value :: runtime
      type(c_ptr), intent(inout) :: planner
      integer(c_int) :: zesvm_planner_create
    end function
    subroutine zesvm_planner_destroy(planner) bind(c, name='zesvm_planner_destroy')
      import :: c_ptr
      type(c_ptr), value :: planner
    end subroutine
    function zesvm_plan_uses( &
        planner, pointer, bytes, uses, count, plan) &
        bind(c, name='zesvm_plan_uses')
      import :: c_int, c_ptr, c_size_t, zesvm_memory_use_t
      type(c_ptr), value :: planner
      type(c_ptr), value :: pointer
      integer(c_size_t), value :: bytes
      type(zesvm_memory_use_t), optional, intent(in) :: uses(*)
      integer(c_size_t), value :: count
      type(c_ptr), intent(inout) :: plan
      integer(c_int) :: zesvm_plan_uses
    end function
    function zesvm_plan_block( &
        planner, pointer, bytes, devices, count, plan) &
        bind(c, name='zesvm_plan_block')
      import :: c_int, c_ptr, c_size_t
      type(c_ptr), value :: planner
      type(c_ptr), value :: pointer
      integer(c_size_t), value :: bytes
      integer(c_size_t), optional, intent(in) :: devices(*)
      integer(c_size_t), value :: count
      type(c_ptr), intent(inout) :: plan
      integer(c_int) :: zesvm_plan_block
    end function
    function zesvm_plan_cyclic( &
        planner, pointer, bytes, stride, devices, count, plan) &
        bind(c, name='zesvm_plan_cyclic')
      import :: c_int, c_ptr, c_size_t
      type(c_ptr), value :: planner
      type(c_ptr), value :: pointer
      integer(c_size_t), value :: bytes
      integer(c_size_t), value :: stride
      integer(c_size_t), optional, intent(in) :: devices(*)
      integer(c_size_t), value :: count
      type(c_ptr), intent(inout) :: plan
      integer(c_int) :: zesvm_plan_cyclic
    end function
    function zesvm_plan_first_touch( &
        planner, pointer, bytes, touches, count, plan) &
        bind(c, name='zesvm_plan_first_touch')
      import :: c_int, c_ptr, c_size_t, zesvm_memory_use_t
      type(c_ptr), value :: planner
      type(c_ptr), value :: pointer
      integer(c_size_t), value :: bytes
      type(zesvm_memory_use_t), optional, intent(in) :: touches(*)
      integer(c_size_t), value :: count
      type(c_ptr), intent(inout) :: plan
      integer(c_int) :: zesvm_plan_first_touch
    end function
    subroutine zesvm_plan_destroy(plan) bind(c, name='zesvm_plan_destroy')
      import :: c_ptr
      type(c_ptr), value :: plan
    end subroutine
    function zesvm_plan_piece_count( &
        plan) &
        bind(c, name='zesvm_plan_piece_count')
      import :: c_ptr, c_size_t
      type(c_ptr), value :: plan
      integer(c_size_t) :: zesvm_plan_piece_count
    end function
    function zesvm_plan_piece( &
        plan, index, piece) &
        bind(c, name='zesvm_plan_piece')
      import :: c_int, c_ptr, c_size_t, zesvm_placed_piece_t
      type(c_ptr), value :: plan
      integer(c_size_t), value :: index
      type(zesvm_placed_piece_t), intent(inout) :: piece
      integer(c_int) :: zesvm_plan_piece
    end function
    function zesvm_plan_cost( &
        plan) &
        bind(c, name='zesvm_plan_cost')
      import :: c_int64_t, c_ptr
      type(c_ptr), value :: plan
      integer(c_int64_t) :: zesvm_plan_cost
    end function
    function zesvm_plan_text( &
        plan, text, length) &
        bind(c, name='zesvm_plan_text')
      import :: c_char, c_int, c_ptr, c_size_t
      type(c_ptr), value :: plan
      character(kind=c_char), optional, intent(inout) :: text(*)
      integer(c_size_t), intent(inout) :: length
      integer(c_int) :: zesvm_plan_text
    end function
    function zesvm_plan_apply( &
        planner, plan, hint) &
        bind(c, name='zesvm_plan_apply')
      import :: c_int, c_ptr, zesvm_hint_t
      type(c_ptr), value :: planner
      type(c_ptr), value :: plan
      type(zesvm_hint_t), optional, intent(inout) :: hint
      integer(c_int) :: zesvm_plan_apply
    end function
    function zesvm_place_host_memory( &
        planner, pointer, bytes, device, hint) &
        bind(c, name='zesvm_place_host_memory')
      import :: c_int, c_ptr, c_size_t, zesvm_hint_t
      type(c_ptr), value :: planner
      type(c_ptr), value :: pointer
      integer(c_size_t), value :: bytes
      integer(c_size_t), value :: device
      type(zesvm_hint_t), optional, intent(inout) :: hint
      integer(c_int) :: zesvm_place_host_memory
    end function
    function zesvm_bind_thread_near( &
        planner, device, hint) &
        bind(c, name='zesvm_bind_thread_near')
      import :: c_int, c_ptr, c_size_t, zesvm_hint_t
      type(c_ptr), value :: planner
      integer(c_size_t), value :: device
      type(zesvm_hint_t), optional, intent(inout) :: hint
      integer(c_int) :: zesvm_bind_thread_near
    end function
    function zesvm_statistics(runtime, tiles, count) bind(c, name='zesvm_statistics')
      import :: c_int, c_ptr, c_size_t, zesvm_tile_statistics_t
      type(c_ptr), value :: runtime
      type(zesvm_tile_statistics_t), optional, intent(inout) :: tiles(*)
      integer(c_size_t), intent(inout) :: count
      integer(c_int) :: zesvm_statistics
    end function
    function zesvm_report(runtime, format, text, length) bind(c, name='zesvm_report')
      import :: c_char, c_int, c_ptr, c_size_t
      type(c_ptr), value :: runtime
      integer(c_int), value :: format
      character(kind=c_char), optional, intent(inout) :: text(*)
      integer(c_size_t), intent(inout) :: length
      integer(c_int) :: zesvm_report
    end function
    function zesvm_module_load(runtime, name_or_file, module) bind(c, name='zesvm_module_load')
      import :: c_char, c_int, c_ptr
      type(c_ptr), value :: runtime
      character(kind=c_char), intent(in) :: name_or_file(*)
      type(c_ptr), intent(inout) :: module
      integer(c_int) :: zesvm_module_load
    end function
    function zesvm_module_create( &
        runtime, spirv, bytes, module) &
        bind(c, name='zesvm_module_create')
      import :: c_int, c_ptr, c_size_t
      type(c_ptr), value :: runtime
      type(c_ptr), value :: spirv
      integer(c_size_t), value :: bytes
      type(c_ptr), intent(inout) :: module
      integer(c_int) :: zesvm_module_create
    end function
    subroutine zesvm_module_destroy(module) bind(c, name='zesvm_module_destroy')
      import :: c_ptr
      type(c_ptr), value :: module
    end subroutine
    function zesvm_module_kernel_count(module) bind(c, name='zesvm_module_kernel_count')
      import :: c_ptr, c_size_t
      type(c_ptr), value :: module
      integer(c_size_t) :: zesvm_module_kernel_count
    end function
    function zesvm_module_kernel_name(module, index) bind(c, name='zesvm_module_kernel_name')
      import :: c_ptr, c_size_t
      type(c_ptr), value :: module
      integer(c_size_t), value :: index
      type(c_ptr) :: zesvm_module_kernel_name
    end function
    function zesvm_module_native( &
        module, runtime, device, native) &
        bind(c, name='zesvm_module_native')
      import :: c_int, c_ptr, c_size_t
      type(c_ptr), value :: module
      type(c_ptr), value :: runtime
      integer(c_size_t), value :: device
      type(c_ptr), intent(inout) :: native
      integer(c_int) :: zesvm_module_native
    end function
    function zesvm_kernel_create(module, name, kernel) bind(c, name='zesvm_kernel_create')
      import :: c_char, c_int, c_ptr
      type(c_ptr), value :: module
      character(kind=c_char), intent(in) :: name(*)
      type(c_ptr), intent(inout) :: kernel
      integer(c_int) :: zesvm_kernel_create
    end function
    function zesvm_kernel_load(runtime, module, name, kernel) bind(c, name='zesvm_kernel_load')
      import :: c_char, c_int, c_ptr
      type(c_ptr), value :: runtime
      character(kind=c_char), intent(in) :: module(*)
      character(kind=c_char), intent(in) :: name(*)
      type(c_ptr), intent(inout) :: kernel
      integer(c_int) :: zesvm_kernel_load
    end function
    subroutine zesvm_kernel_destroy(kernel) bind(c, name='zesvm_kernel_destroy')
      import :: c_ptr
      type(c_ptr), value :: kernel
    end subroutine
    function zesvm_kernel_argument_count(kernel) bind(c, name='zesvm_kernel_argument_count')
      import :: c_ptr, c_size_t
      type(c_ptr), value :: kernel
      integer(c_size_t) :: zesvm_kernel_argument_count
    end function
    function zesvm_kernel_use(kernel, argument, use) bind(c, name='zesvm_kernel_use')
      import :: c_int, c_ptr, c_size_t, zesvm_argument_use_t
      type(c_ptr), value :: kernel
      integer(c_size_t), value :: argument
      type(zesvm_argument_use_t), intent(inout) :: use
      integer(c_int) :: zesvm_kernel_use
    end function
    function zesvm_kernel_follows_pointers(kernel) bind(c, name='zesvm_kernel_follows_pointers')
      import :: c_int, c_ptr
      type(c_ptr), value :: kernel
      integer(c_int) :: zesvm_kernel_follows_pointers
    end function
    function zesvm_kernel_declare(kernel, argument, mode) bind(c, name='zesvm_kernel_declare')
      import :: c_int, c_ptr, c_size_t
      type(c_ptr), value :: kernel
      integer(c_size_t), value :: argument
      integer(c_int), value :: mode
      integer(c_int) :: zesvm_kernel_declare
    end function
    function zesvm_kernel_reach(kernel, accesses, count) bind(c, name='zesvm_kernel_reach')
      import :: c_int, c_ptr, c_size_t, zesvm_access_t
      type(c_ptr), value :: kernel
      type(zesvm_access_t), intent(in) :: accesses(*)
      integer(c_size_t), value :: count
      integer(c_int) :: zesvm_kernel_reach
    end function
    function zesvm_kernel_reach_everything(kernel) bind(c, name='zesvm_kernel_reach_everything')
      import :: c_int, c_ptr
      type(c_ptr), value :: kernel
      integer(c_int) :: zesvm_kernel_reach_everything
    end function
    function zesvm_stream_create(runtime, device, stream) bind(c, name='zesvm_stream_create')
      import :: c_int, c_ptr, c_size_t
      type(c_ptr), value :: runtime
      integer(c_size_t), value :: device
      type(c_ptr), intent(inout) :: stream
      integer(c_int) :: zesvm_stream_create
    end function
    function zesvm_stream_around( &
        runtime, device, list, stream) &
        bind(c, name='zesvm_stream_around')
      import :: c_int, c_ptr, c_size_t
      type(c_ptr), value :: runtime
      integer(c_size_t), value :: device
      type(c_ptr), value :: list
      type(c_ptr), intent(inout) :: stream
      integer(c_int) :: zesvm_stream_around
    end function
    subroutine zesvm_stream_destroy(stream) bind(c, name='zesvm_stream_destroy')
      import :: c_ptr
      type(c_ptr), value :: stream
    end subroutine
    function zesvm_stream_wait(stream) bind(c, name='zesvm_stream_wait')
      import :: c_int, c_ptr
      type(c_ptr), value :: stream
      integer(c_int) :: zesvm_stream_wait
    end function
    function zesvm_stream_native(stream) bind(c, name='zesvm_stream_native')
      import :: c_ptr
      type(c_ptr), value :: stream
      type(c_ptr) :: zesvm_stream_native
    end function
    function zesvm_copy(stream, to, from, bytes) bind(c, name='zesvm_copy')
      import :: c_int, c_ptr, c_size_t
      type(c_ptr), value :: stream
      type(c_ptr), value :: to
      type(c_ptr), value :: from
      integer(c_size_t), value :: bytes
      integer(c_int) :: zesvm_copy
    end function
    function zesvm_fill(stream, to, value, bytes) bind(c, name='zesvm_fill')
      import :: c_int, c_ptr, c_signed_char, c_size_t
      type(c_ptr), value :: stream
      type(c_ptr), value :: to
      integer(c_signed_char), value :: value
      integer(c_size_t), value :: bytes
      integer(c_int) :: zesvm_fill
    end function
    function zesvm_stream_prefetch(stream, pointer, bytes) bind(c, name='zesvm_stream_prefetch')
      import :: c_int, c_ptr, c_size_t
      type(c_ptr), value :: stream
      type(c_ptr), value :: pointer
      integer(c_size_t), value :: bytes
      integer(c_int) :: zesvm_stream_prefetch
    end function
    function zesvm_launch( &
        stream, kernel, items, group, arguments, count) &
        bind(c, name='zesvm_launch')
      import :: c_int, c_int32_t, c_int64_t, c_ptr, c_size_t, zesvm_argument_t
      type(c_ptr), value :: stream
      type(c_ptr), value :: kernel
      integer(c_int64_t), intent(in) :: items(3)
      integer(c_int32_t), optional, intent(in) :: group(3)
      type(zesvm_argument_t), optional, intent(in) :: arguments(*)
      integer(c_size_t), value :: count
      integer(c_int) :: zesvm_launch
    end function
    function zesvm_record(stream, event) bind(c, name='zesvm_record')
      import :: c_int, c_ptr
      type(c_ptr), value :: stream
      type(c_ptr), intent(inout) :: event
      integer(c_int) :: zesvm_record
    end function
    function zesvm_stream_wait_for(stream, event) bind(c, name='zesvm_stream_wait_for')
      import :: c_int, c_ptr
      type(c_ptr), value :: stream
      type(c_ptr), value :: event
      integer(c_int) :: zesvm_stream_wait_for
    end function
    function zesvm_stream_wait_for_native( &
        stream, event) &
        bind(c, name='zesvm_stream_wait_for_native')
      import :: c_int, c_ptr
      type(c_ptr), value :: stream
      type(c_ptr), value :: event
      integer(c_int) :: zesvm_stream_wait_for_native
    end function
    function zesvm_stream_signal_native(stream, event) bind(c, name='zesvm_stream_signal_native')
      import :: c_int, c_ptr
      type(c_ptr), value :: stream
      type(c_ptr), value :: event
      integer(c_int) :: zesvm_stream_signal_native
    end function
    subroutine zesvm_event_destroy(event) bind(c, name='zesvm_event_destroy')
      import :: c_ptr
      type(c_ptr), value :: event
    end subroutine
    function zesvm_event_wait(event) bind(c, name='zesvm_event_wait')
      import :: c_int, c_ptr
      type(c_ptr), value :: event
      integer(c_int) :: zesvm_event_wait
    end function
    function zesvm_event_is_done(event, is_done) bind(c, name='zesvm_event_is_done')
      import :: c_int, c_ptr
      type(c_ptr), value :: event
      integer(c_int), intent(inout) :: is_done
      integer(c_int) :: zesvm_event_is_done
    end function
    function zesvm_event_native(event) bind(c, name='zesvm_event_native')
      import :: c_ptr
      type(c_ptr), value :: event
      type(c_ptr) :: zesvm_event_native
    end function
  end interface

contains

  ! Returns a text as C has it.
  pure function zesvm_text(text) result(with_end)
    character(len=*), intent(in) :: text
    character(len=len_trim(text) + 1, kind=c_char) :: with_end
    with_end = trim(text) // c_null_char
  end function

  ! Returns a text of C; empty for a null pointer.
  function zesvm_string(from) result(text)
    type(c_ptr), intent(in), value :: from
    character(len=:), allocatable :: text
    character(kind=c_char), pointer :: letters(:)
    integer :: i, length
    text = ''
    if (.not. c_associated(from)) return
    length = 0
    call c_f_pointer(from, letters, [huge(0)])
    do while (letters(length + 1) /= c_null_char)
      length = length + 1
    end do
    text = repeat(' ', length)
    do i = 1, length
      text(i:i) = letters(i)
    end do
  end function

  ! Makes an argument of a pointer to shared memory.
  function zesvm_pointer_argument(pointer) result(argument)
    type(c_ptr), intent(in), value :: pointer
    type(zesvm_argument_t) :: argument
    argument%kind = zesvm_pointer
    argument%data = pointer
  end function

  ! Makes an argument of a value: its address, c_loc(value), and its size, c_sizeof(value).
  function zesvm_value_argument(where, bytes) result(argument)
    type(c_ptr), intent(in), value :: where
    integer(c_size_t), intent(in) :: bytes
    type(zesvm_argument_t) :: argument
    argument%kind = zesvm_value
    argument%data = where
    argument%bytes = bytes
  end function

  ! Makes an argument of so many bytes of local memory.
  function zesvm_local_argument(bytes) result(argument)
    integer(c_size_t), intent(in) :: bytes
    type(zesvm_argument_t) :: argument
    argument%kind = zesvm_local
    argument%bytes = bytes
  end function
end module zesvm
