// ui/models/run_filter.h -- the filter language of the run table: `state = finished and kv_bytes_per_token <= 163840
// and not archived`.
//   filter     := and-chains joined by "or"; "not" binds tighter than "and", "and" tighter than "or"; parentheses
//   comparison := field (= != < <= > >= ~) value; ~ is a regular expression anywhere in the text, case ignored
//   flag       := archived | starred | baseline
//   value      := a name with a stroke, as train/gradient_norm or wikitext/word_perplexity, is the newest value that
//   the
//                 run has of it
//   text       := "quoted" or a lone word that is no field: found in name, map, generator or a tag
// A missing number (a run without perplexity) compares false. Numbers may end in k, M or G (thousands).
#pragma once

#include <QString>
#include <QStringList>
#include <memory>
#include <tl/expected.hpp>
#include <vector>

#include "ui/models/run_rows.h"

namespace weft::ui {

struct FilterError {
  QString message;         // one sentence
  int begin = 0, end = 0;  // the wrong characters, for the underline
};

class RunFilter {
 public:
  RunFilter() = default;  // matches every run
  [[nodiscard]] static tl::expected<RunFilter, FilterError> parse(const QString& text);
  static const QStringList& fields();  // for completion, in the order people look for them
  static QStringList values(const QString& field,
                            const RunRows& runs);  // completion of `field = `

  bool matches(const store::RunSummary& run) const;
  bool isEmpty() const { return !m_root; }
  bool mentions(const QString& field) const;  // the table hides archived runs unless the filter speaks of them

  // The part of the outermost "and" that excludes the most of `runs`, as a place in the text: what to offer to drop
  // when nothing is left. begin == end if there is only one part.
  struct Clause {
    int begin = 0, end = 0;
    int excluded = 0;
  };
  Clause mostExcluding(const RunRows& runs) const;

 private:
  struct Node;
  struct Parser;
  std::shared_ptr<const Node> m_root;
};

}  // namespace weft::ui
