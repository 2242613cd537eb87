#include "examples/mpi/matrix_market.hpp"

#include <gmock/gmock.h>
#include <sstream>
#include <stdexcept>
#include <string>

namespace sparse {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string symmetric = "%%MatrixMarket matrix coordinate real symmetric\n";
const std::string general = "%%MatrixMarket matrix coordinate real general\n";

Rows read(const std::string& text) {
  std::istringstream in(text);
  return read_matrix_market(in, "a.mtx");
}

std::string error_of(const std::string& text) {
  try {
    read(text);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(MatrixMarketTest, ReadsASymmetricMatrix) {
  const Rows rows = read(symmetric + "% words\n\n2 2 3\n2 1 -1e0\n1 1 4\r\n2 2 +5\n");
  EXPECT_EQ(rows.size, 2u);
  EXPECT_THAT(rows.start, ElementsAre(0, 2, 4));
  EXPECT_THAT(rows.column, ElementsAre(0, 1, 0, 1));
  EXPECT_THAT(rows.value, ElementsAre(4, -1, -1, 5));
}

TEST(MatrixMarketTest, ReadsAGeneralMatrixInAnyOrder) {
  const Rows rows =
      read("%%matrixmarket MATRIX Coordinate INTEGER general\n2 2 3\n2 2 3\n1 2 2\n1 1 1");
  EXPECT_THAT(rows.column, ElementsAre(0, 1, 1));
  EXPECT_THAT(rows.value, ElementsAre(1, 2, 3));
}

TEST(MatrixMarketTest, RefusesOtherFormats) {
  EXPECT_EQ(error_of(""), "a.mtx:0: the file is empty");
  EXPECT_THAT(error_of("1 2 3\n"), HasSubstr("a.mtx:1: no Matrix Market file"));
  EXPECT_THAT(error_of("%%MatrixMarket matrix array real general\n"), HasSubstr("'matrix array'"));
  EXPECT_THAT(error_of("%%MatrixMarket matrix coordinate pattern general\n"),
              HasSubstr("'pattern' values"));
  EXPECT_THAT(error_of("%%MatrixMarket matrix coordinate real hermitian\n"),
              HasSubstr("'hermitian' matrices"));
  EXPECT_THAT(error_of("%%MatrixMarket matrix coordinate\n"), HasSubstr("the header must be"));
}

TEST(MatrixMarketTest, RefusesSizesThatCannotBe) {
  EXPECT_THAT(error_of(general), HasSubstr("ends before the line with the sizes"));
  EXPECT_THAT(error_of(general + "2 3 6\n"), HasSubstr("a.mtx:2: a matrix of 2 x 3 is not square"));
  EXPECT_THAT(error_of(general + "0 0 0\n"), HasSubstr("not square"));
  EXPECT_THAT(error_of(general + "2 2\n"), HasSubstr("expected `ROWS COLUMNS ENTRIES`"));
  EXPECT_THAT(error_of(general + "-2 2 2\n"), HasSubstr("a whole number, not '-2'"));
  EXPECT_THAT(error_of(general + "99999999999 1 1\n"), HasSubstr("is above 2147483647"));
  EXPECT_THAT(error_of(general + "2000000000 2000000000 5\n"), HasSubstr("singular"));
}

TEST(MatrixMarketTest, RefusesEntriesThatCannotBe) {
  EXPECT_THAT(error_of(general + "1 1 1\n2 1 1\n"), HasSubstr("a.mtx:3: entry 2, 1 is outside"));
  EXPECT_THAT(error_of(general + "1 1 1\n0 1 1\n"), HasSubstr("outside the matrix"));
  EXPECT_THAT(error_of(general + "1 1 1\n1 1\n"), HasSubstr("expected `ROW COLUMN VALUE`"));
  EXPECT_THAT(error_of(general + "1 1 1\n1 1 1x\n"), HasSubstr("'1x' is no number"));
  EXPECT_THAT(error_of(general + "1 1 1\n1 1 nan\n"), HasSubstr("'nan' is not finite"));
  EXPECT_THAT(error_of(symmetric + "2 2 2\n1 1 1\n1 2 1\n"), HasSubstr("above the diagonal"));
}

TEST(MatrixMarketTest, RefusesTooFewTooManyAndTwice) {
  EXPECT_THAT(error_of(general + "1 1 2\n1 1 1\n"), HasSubstr("ends after 1 of 2 entries"));
  EXPECT_THAT(error_of(general + "1 1 1\n1 1 1\n1 1 1\n"), HasSubstr("more than the announced 1"));
  EXPECT_EQ(error_of(general + "1 1 2\n1 1 1\n1 1 1\n"),
            "a.mtx:4: an entry that line 3 has already");
}

TEST(SparseRowsTest, TellsSymmetricMatrices) {
  EXPECT_TRUE(is_symmetric(read(symmetric + "2 2 3\n1 1 4\n2 1 1\n2 2 4\n")));
  EXPECT_TRUE(is_symmetric(twenty_seven_points({3, 4, 5}, 0, 60)));
  EXPECT_FALSE(is_symmetric(read(general + "2 2 3\n1 1 4\n1 2 1\n2 2 4\n")));
  EXPECT_FALSE(is_symmetric(read(general + "2 2 4\n1 1 4\n1 2 1\n2 1 2\n2 2 4\n")));
}

TEST(SparseRowsTest, GeneratedRowsAreThoseOfTheWhole) {
  const Rows whole = twenty_seven_points({3, 4, 5}, 0, 60);
  const Rows part = twenty_seven_points({3, 4, 5}, 10, 25), same = cut(whole, 10, 25);
  EXPECT_EQ(part.start, same.start);
  EXPECT_EQ(part.column, same.column);
  EXPECT_EQ(part.value, same.value);
  // A point with all neighbours has 27 entries, that of a corner 8.
  EXPECT_EQ(whole.start[1], 8u);
  EXPECT_EQ(whole.start[17] - whole.start[16], 27u);
}

TEST(SparseRowsTest, TheCpuSolvesASmallSystem) {
  const Rows rows = read(symmetric + "2 2 3\n1 1 4\n2 1 1\n2 2 3\n");
  const Solution solution = solve_on_cpu(rows, {1, 2}, {1e-12, 10});
  EXPECT_NEAR(solution.x[0], 1.0 / 11, 1e-12);
  EXPECT_NEAR(solution.x[1], 7.0 / 11, 1e-12);
  EXPECT_THROW(solve_on_cpu(read(general + "1 1 1\n1 1 -1\n"), {1}, {}), std::runtime_error);
}

}  // namespace
}  // namespace sparse
