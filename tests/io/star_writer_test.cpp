// SPDX-License-Identifier: BSD-3-Clause
#include "io/star_writer.hpp"

#include "tests/io/files.hpp"

namespace quickbeam::io {
namespace {

using test::read_text;
using test::TemporaryFolder;

std::string rewritten(const std::string& text,
                      const std::function<std::vector<StarTableEdit>(const StarDocument&)>& edits) {
  const StarDocument document(text, "a.star");
  std::string out;
  rewrite_star(document, edits(document), [&](std::string_view piece) { out += piece; });
  return out;
}

StarColumnEdit column(const std::string& label, const std::string& prefix) {
  return {label, [prefix](std::size_t row, std::string_view old, std::string& out) {
            out += prefix + std::to_string(row) + "<" + std::string(old) + ">";
          }};
}

const std::string text =
    "# version\r\n\r\ndata_a\r\n\r\nloop_ \r\n_x #1 \r\n_y #2 [y]\r\n 1  'a b' \r\n# between\r\n"
    "\t2 c # end\r\n\r\ndata_b\r\n_k v\r\n_m 2\r\n";

TEST(StarRewrite, WithoutEditsCopiesEveryByte) {
  EXPECT_EQ(rewritten(text, [](const auto&) { return std::vector<StarTableEdit>{}; }), text);
  EXPECT_EQ(
      rewritten(
          text,
          [](const StarDocument& d) {
            return std::vector<StarTableEdit>{{&d.tables()[0], {}, {}}, {&d.tables()[1], {}, {}}};
          }),
      text);
}

TEST(StarRewrite, ReplacesAndAddsColumns) {
  const std::string got = rewritten(text, [](const StarDocument& d) {
    return std::vector<StarTableEdit>{
        {&d.tables()[1], {column("_m", "M"), column("_new", "N")}, {}},
        {&d.tables()[0], {column("_z", "Z"), column("_y", "Y")}, {}}};
  });
  EXPECT_EQ(got,
            "# version\r\n\r\ndata_a\r\n\r\nloop_ \r\n_x #1 \r\n_y #2 [y]\r\n_z #3\r\n"
            " 1  Y0<'a b'> Z0<> \r\n# between\r\n\t2 Y1<c> Z1<> # end\r\n\r\ndata_b\r\n_k v\r\n"
            "_m M0<2>\r\n_new N0<>\r\n");
}

TEST(StarRewrite, LeavesRowsOut) {
  const auto keep = [](std::size_t kept) {
    return rewritten(text, [kept](const StarDocument& d) {
      return std::vector<StarTableEdit>{
          {&d.tables()[0], {column("_x", "X")}, [kept](std::size_t row) { return row == kept; }}};
    });
  };
  const std::string head = text.substr(0, text.find(" 1 "));
  const std::string tail = text.substr(text.find("\r\n\r\ndata_b"));
  EXPECT_EQ(keep(0), head + " X0<1>  'a b' \r\n# between" + tail);
  EXPECT_EQ(keep(1), head + "# between\r\n\tX1<2> c # end" + tail);
  EXPECT_EQ(keep(2), head + "# between" + tail);
}

TEST(StarRewrite, TextBlocksAndRowsWithoutLineEnd) {
  const std::string odd = "data_\nloop_\n_a\n_b\n_c\n1\n;two\nlines\n; 3\n4 5 6";
  const auto cells = [](const std::string& file) {
    const StarDocument d(file, "a.star");
    std::vector<std::string> all;
    for (std::size_t r = 0; r < d.tables()[0].rows(); ++r)
      for (std::size_t c = 0; c < d.tables()[0].labels.size(); ++c)
        all.emplace_back(d.cell(d.tables()[0], r, c).text);
    return all;
  };
  using Cells = std::vector<std::string>;
  const auto change = [&](const std::string& label) {
    return cells(rewritten(odd, [&](const StarDocument& d) {
      return std::vector<StarTableEdit>{
          {&d.tables()[0],
           {{label, [](std::size_t, std::string_view, std::string& out) { out += "new"; }}},
           {}}};
    }));
  };
  EXPECT_EQ(change("_a"), (Cells{"new", "two\nlines", "3", "new", "5", "6"}));
  EXPECT_EQ(change("_b"), (Cells{"1", "new", "3", "4", "new", "6"}));
  EXPECT_EQ(change("_c"), (Cells{"1", "two\nlines", "new", "4", "5", "new"}));
  EXPECT_EQ(change("_d"), (Cells{"1", "two\nlines", "3", "new", "4", "5", "6", "new"}));
}

TEST(StarRewrite, ARowOnTheLineOfItsLabelsStaysARow) {  // found by fuzzing
  const std::string got = rewritten("data_\nloop_\n_a 1\n2\n", [](const StarDocument& d) {
    return std::vector<StarTableEdit>{{&d.tables()[0], {column("_b", "B")}, {}}};
  });
  EXPECT_EQ(got, "data_\nloop_\n_a\n_b\n 1 B0<>\n2 B1<>\n");
}

TEST(StarRewrite, ATextBlockThatBeginsARowKeepsItsLine) {  // found by fuzzing
  const std::string got = rewritten("data_\nloop_\n_a #1\n;one\n;\n", [](const StarDocument& d) {
    const StarCellEdit value = [](std::size_t, std::string_view, std::string& out) {
      out += "new";
    };
    return std::vector<StarTableEdit>{{&d.tables()[0], {{"_a", value}, {"_b", value}}, {}}};
  });
  EXPECT_EQ(got, "data_\nloop_\n_a #1\n_b #2\nnew new\n");
}

TEST(StarRewrite, TheValueOfATextBlockDoesNotEndInARemark) {  // found by fuzzing
  const auto changed = [](const std::string& source, const std::string& label) {
    return rewritten(source, [&](const StarDocument& d) {
      return std::vector<StarTableEdit>{
          {&d.tables()[0],
           {{label, [](std::size_t, std::string_view, std::string& out) { out += "new"; }}},
           {}}};
    });
  };
  EXPECT_EQ(changed("data_\n_a # remark\n;one\n;\n", "_a"), "data_\n_a new\n");
  EXPECT_EQ(changed("data_\nloop_\n_a\n_b\n1 # remark\n;one\n;\n", "_b"),
            "data_\nloop_\n_a\n_b\n1 new\n");
}

TEST(StarRewrite, CanLeaveAPairTableOut) {
  const std::string got = rewritten(text, [](const StarDocument& d) {
    return std::vector<StarTableEdit>{{&d.tables()[1], {}, [](std::size_t) { return false; }}};
  });
  EXPECT_EQ(got, text.substr(0, text.find("_k v")) + "\r\n");
}

TEST(StarWriter, NewTablesAreReadBack) {
  TemporaryFolder folder;
  StarWriter out(folder / "a.star");
  out.comment("version 30001");
  const std::string_view labels[] = {"_rlnImageName", "_rlnX", "_rlnN"};
  for (const std::string_view block : {"a", "b"}) {
    out.table(block, labels);
    for (std::int64_t row = 0; row < 3; ++row) {
      out.value(std::string_view("a name"));
      out.value(0.1 * static_cast<double>(row));
      out.value(row);
      out.end_row();
    }
  }
  EXPECT_TRUE(folder.names().size() == 1 && folder.names()[0] != "a.star");
  out.commit();
  const std::string file = read_text(folder / "a.star");
  const StarDocument document(file, "a.star");
  ASSERT_EQ(document.tables().size(), 2u);
  const StarTable& b = *document.block("b");
  EXPECT_EQ(document.cell(b, 2, 0).text, "a name");
  EXPECT_EQ(document.number(b, 1, document.cell(b, 2, 1)), 0.2);
  EXPECT_EQ(document.cell(b, 1, 2).text, "1");
}

TEST(StarWriter, RowsMustBeWhole) {
  TemporaryFolder folder;
  StarWriter out(folder / "a.star");
  const std::string_view labels[] = {"_a", "_b"};
  out.table("", labels);
  out.value(std::int64_t{1});
  test::expect_error(ErrorCode::usage, [&] { out.end_row(); });
}

}  // namespace
}  // namespace quickbeam::io
