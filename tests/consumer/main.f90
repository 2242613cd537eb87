! Proves that an installed zesvm can be compiled against from Fortran.
program consumer
  use, intrinsic :: iso_c_binding
  use zesvm
  implicit none

  integer(c_size_t), parameter :: n = 100000
  real(c_double), target :: factor = 3
  real(c_double), pointer :: x(:), y(:), z(:)
  type(c_ptr) :: runtime = c_null_ptr, stream = c_null_ptr, kernel = c_null_ptr
  type(c_ptr) :: memory(3) = c_null_ptr
  type(zesvm_argument_t) :: arguments(4)
  integer :: i

  call check(zesvm_runtime_create(runtime=runtime))
  do i = 1, 3
    call check(zesvm_allocate(runtime, n * c_sizeof(factor), 0_c_size_t, memory(i)))
  end do
  call c_f_pointer(memory(1), x, [n])
  call c_f_pointer(memory(2), y, [n])
  call c_f_pointer(memory(3), z, [n])
  y = [(real(i, c_double), i = 1, int(n))]
  z = 2

  call check(zesvm_kernel_load(runtime, zesvm_text('triad'), zesvm_text('triad'), kernel))
  call check(zesvm_stream_create(runtime, 0_c_size_t, stream))
  do i = 1, 3
    arguments(i) = zesvm_pointer_argument(memory(i))
  end do
  arguments(4) = zesvm_value_argument(c_loc(factor), c_sizeof(factor))
  call check(zesvm_launch(stream, kernel, [int(n, c_int64_t), 1_c_int64_t, 1_c_int64_t], &
                          arguments=arguments, count=4_c_size_t))
  call check(zesvm_stream_wait(stream))

  if (maxval(abs(x - y - factor * z)) > 0) error stop 'wrong values'
  print '(a, f0.1, 2a)', 'consumer in Fortran: x(1000) = ', x(1000), ', computed on ', &
    zesvm_string(zesvm_device_name(runtime, 0_c_size_t))

  call zesvm_stream_destroy(stream)
  call zesvm_kernel_destroy(kernel)
  call zesvm_runtime_destroy(runtime)

contains

  subroutine check(code)
    integer(c_int), intent(in) :: code
    if (code == zesvm_ok) return
    print '(4a)', zesvm_string(zesvm_code_name(code)), ': ', zesvm_string(zesvm_last_error())
    error stop 1
  end subroutine
end program consumer
