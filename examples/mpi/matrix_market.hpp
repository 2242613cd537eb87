/// @file matrix_market.hpp
/// Reads square sparse matrices in the Matrix Market exchange format.
///
/// Taken: `%%MatrixMarket matrix coordinate real|integer general|symmetric`. Strict: each entry once, on
/// a line of its own, inside the matrix, finite; as many as announced; of a symmetric matrix the lower
/// triangle only.
#pragma once

#include <istream>
#include <string>

#include "sparse_rows.hpp"

namespace sparse {

/// Reads a whole matrix from `in`, which messages call `name`.
/// @errors std::runtime_error: `NAME:LINE: what is wrong`
Rows read_matrix_market(std::istream& in, const std::string& name);

/// As above, from a file. @errors also when it cannot be opened
Rows read_matrix_market(const std::string& path);

}  // namespace sparse
