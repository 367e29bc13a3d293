// ui/compare/pair_selection.h -- what is chosen on the Compare page: nothing, one run (A), or two (A and B). Plot,
// table and pair panel show this one selection and change only it.
#pragma once

#include <QObject>
#include <vector>

#include "engine/store/run_id.h"

namespace weft::ui {

class PairSelection : public QObject {
  Q_OBJECT
 public:
  using QObject::QObject;

  store::RunId a() const { return m_a; }  // {0}: none
  store::RunId b() const { return m_b; }  // {0}: none; never without a
  std::vector<store::RunId> runs() const;
  bool contains(store::RunId run) const { return run.value != 0 && (run == m_a || run == m_b); }

  void choose(store::RunId run) { set(run, {}); }  // alone
  void chooseSecond(store::RunId run);             // A stays
  // Makes it B; again: takes it away (if it was A, B becomes A). With two chosen it takes B's place.
  void toggle(store::RunId run);
  // As the table has them: the first two, A staying A where it can.
  void setRuns(const std::vector<store::RunId>& runs);
  void swap();
  void clear() { set({}, {}); }
  // Lets go of runs that are not there any more.
  void keepOnly(const std::vector<store::RunId>& runs);

 Q_SIGNALS:
  void changed();

 private:
  void set(store::RunId a, store::RunId b);
  store::RunId m_a, m_b;
};

}  // namespace weft::ui
