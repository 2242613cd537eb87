/// @file zesvm.hpp
/// All of zesvm: one pointer for the CPU and every Intel GPU of a node.
///
///   zesvm::Runtime rt;
///   double* x = rt.address_space().allocate<double>(n);
///   auto triad = rt.load_module("triad").kernel("triad");
///   zesvm::Stream s(rt.device(0));
///   s.launch(triad, zesvm::grid(n), x, y, z, 3.0);
///   s.wait();
///
/// Everything here compiles as C++17. Native handles are in <zesvm/interop.hpp>.
///
/// @namespace zesvm
/// All of zesvm for C++.
#pragma once

#include <zesvm/address_space.hpp>
#include <zesvm/device.hpp>
#include <zesvm/error.hpp>
#include <zesvm/kernel.hpp>
#include <zesvm/memory_resource.hpp>
#include <zesvm/placement.hpp>
#include <zesvm/runtime.hpp>
#include <zesvm/statistics.hpp>
#include <zesvm/stream.hpp>
