#include "queue.hpp"

namespace zesvm::xe_standin {

bool Queue::own_kernel(XeLaunch& L) {  // the driver's copy and fill kernels
  const std::string n = L.name;
  auto num = [&](int i) -> uint64_t {
    uint64_t v = 0;
    if (i < L.nargs && L.arg[i]) memcpy(&v, L.arg[i], std::min<uint32_t>(8, L.arg_size[i]));
    return v;
  };
  auto lane = [&](int i, int c, int lanes) -> uint64_t {  // one component of a vector argument
    uint64_t v = 0;
    if (i >= L.nargs || !L.arg[i]) return 0;
    uint32_t w = L.arg_size[i] / lanes;
    memcpy(&v, (const char*)L.arg[i] + w * c, std::min<uint32_t>(8, w));
    return v;
  };
  const uint64_t X = L.items(0), Y = L.items(1), Z = L.items(2);
  auto fill = [&](uint64_t dst, uint64_t bytes, const void* pat, size_t pn) {
    std::vector<uint8_t> v(bytes);
    for (size_t i = 0; i < v.size(); ++i) v[i] = ((const uint8_t*)pat)[i % pn];
    write_gpu(dst, v.data(), v.size(), L.name);
  };
  auto fill_from = [&](uint64_t dst, uint64_t bytes, uint64_t pat, size_t pn) {
    std::vector<uint8_t> p(pn);
    if (read_gpu(pat, p.data(), pn, L.name)) fill(dst, bytes, p.data(), pn);
  };
  if (n == "CopyBufferToBufferBytes" || n == "CopyBufferToBufferLeftLeftover" ||
      n == "CopyBufferToBufferRightLeftover")
    copy(num(1) + num(3), num(0) + num(2), X, L.name);
  else if (n == "CopyBufferToBufferMiddle")
    copy(num(1) + (num(3) & ~3ull), num(0) + (num(2) & ~3ull), X * 16, L.name);
  else if (n == "CopyBufferToBufferMiddleMisaligned")
    copy(num(1) + (num(3) & ~3ull), num(0) + (num(2) & ~3ull) + num(4) / 8, X * 16, L.name);
  else if (n == "copyBufferToBufferBytesSingle")
    copy(num(0), num(1), X, L.name);
  else if (n == "CopyBufferToBufferSideRegion")
    copy(num(0) + num(3), num(1) + num(4), std::min(X, num(2)), L.name);
  else if (n == "CopyBufferToBufferMiddleRegion")
    copy(num(0) + num(3), num(1) + num(4), std::min(X, num(2)) * 16, L.name);
  else if (n == "CopyBufferRectBytes2d" || n == "CopyBufferRectBytesMiddle2d") {
    uint64_t w = X * (n.find("Middle") != std::string::npos ? 16 : 1);
    for (uint64_t y = 0; y < Y && !banned; ++y)
      copy(num(1) + lane(3, 0, 2) + (y + lane(3, 1, 2)) * num(5),
           num(0) + lane(2, 0, 2) + (y + lane(2, 1, 2)) * num(4), w, L.name);
  } else if (n == "CopyBufferRectBytes3d" || n == "CopyBufferRectBytesMiddle3d") {
    uint64_t w = X * (n.find("Middle") != std::string::npos ? 16 : 1);
    for (uint64_t z = 0; z < Z; ++z)
      for (uint64_t y = 0; y < Y && !banned; ++y)
        copy(num(1) + lane(3, 0, 4) + (y + lane(3, 1, 4)) * lane(5, 0, 2) +
                 (z + lane(3, 2, 4)) * lane(5, 1, 2),
             num(0) + lane(2, 0, 4) + (y + lane(2, 1, 4)) * lane(4, 0, 2) +
                 (z + lane(2, 2, 4)) * lane(4, 1, 2),
             w, L.name);
  } else if (n == "FillBufferBytes")
    fill_from(num(0) + num(1), X, num(2), L.local[0]);
  else if (n == "FillBufferSSHOffset")
    fill_from(num(0) + num(1), X, num(2) + num(3), L.local[0]);
  else if (n == "FillBufferLeftLeftover" || n == "FillBufferRightLeftover")
    fill_from(num(0) + num(1), X, num(2), num(3));
  else if (n == "FillBufferMiddle")
    fill_from(num(0) + num(1), X * 4, num(2), num(3) * 4);
  else if (n == "FillBufferImmediate") {
    uint32_t v = (uint32_t)num(2);
    fill(num(0) + num(1), X * 16, &v, 4);
  } else if (n == "FillBufferImmediateLeftOver") {
    uint8_t v = (uint8_t)num(2);
    fill(num(0) + num(1), X, &v, 1);
  } else if (n == "QueryKernelTimestamps" || n == "QueryKernelTimestampsWithOffsets") {
    bool with = n.size() > 22, only = num(with ? 3 : 2);
    for (uint64_t g = 0; g < X && !banned; ++g) {
      uint64_t e[3] = {}, at = g * 32, best[4] = {~0ull, ~0ull, 0, 0};
      if (with) read_gpu(num(2) + 8 * g, &at, 8, L.name);
      read_gpu(num(0) + 24 * g, e, 24, L.name);
      for (uint64_t i = 0; i < std::max<uint64_t>(1, e[1]); ++i)
        for (int c = 0; c < 4; ++c) {
          uint64_t v = 0, w = e[2] == 1 ? 4 : 8;
          read_gpu(e[0] + (4 * i + c) * w, &v, w, L.name);
          best[c] = c < 2 ? std::min(best[c], v) : std::max(best[c], v);
        }
      uint64_t out[4] = {best[1], best[3], best[only ? 1 : 0], best[only ? 3 : 2]};
      write_gpu(num(1) + (with ? at & ~7ull : at), out, 32, L.name);
    }
  } else
    return false;
  return true;
}

}  // namespace zesvm::xe_standin
