#include "ui/models/run_rows.h"

namespace weft::ui {

RowChanges changesBetween(const RunRows& before, const RunRows& after) {
  RowChanges changes;
  auto old = before.rows().begin(), fresh = after.rows().begin();
  const auto oldEnd = before.rows().end(), freshEnd = after.rows().end();
  while (old != oldEnd || fresh != freshEnd) {
    if (old != oldEnd && fresh != freshEnd && old->get() == fresh->get()) {
      ++old;
      ++fresh;
      continue;
    }
    const bool isGone = old != oldEnd && (fresh == freshEnd || (*old)->id >= (*fresh)->id);
    const bool hasCome = fresh != freshEnd && (old == oldEnd || (*fresh)->id >= (*old)->id);
    if (isGone) changes.gone.push_back(*old);
    if (hasCome) changes.come.push_back(*fresh);
    if (isGone) ++old;
    if (hasCome) ++fresh;
  }
  return changes;
}

}  // namespace weft::ui
