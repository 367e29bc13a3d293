// ui/parts/run_actions.h -- what can be asked of a run in a state, and how Kill is confirmed; the same on every page.
#pragma once

#include <QString>
#include <functional>
#include <vector>

#include "engine/store/run_store.h"

class QWidget;

namespace weft::ui {

bool canStop(const store::RunSummary& run);
bool canKill(const store::RunSummary& run);
bool canPause(const store::RunSummary& run);
bool canResume(const store::RunSummary& run);

// The only question of the studio that stands in the way: what is lost, default button Cancel. `kill` is called on the
// other one. `label`: what a single run is called beside the others; its name if empty.
void confirmKill(QWidget* parent, const std::vector<store::RunSummary>& runs, std::function<void()> kill,
                 const QString& label = {});

}  // namespace weft::ui
