// ui/models/project_opener.h -- opening, making and filling a project folder off the GUI thread.
#pragma once

#include <QObject>
#include <QString>
#include <functional>

#include "engine/base/result.h"
#include "engine/store/project.h"

namespace weft::ui {

using ProjectAnswer = std::function<void(Result<store::Project>)>;

// Each answers on the GUI thread, unless `context` is gone by then.
void openProject(const QString& folder, QObject* context, ProjectAnswer answer);
void createProject(const QString& folder, QObject* context, ProjectAnswer answer);
// The example: made on first use, with the demo's runs (MHA, MQA, MQA-CLA2 and a narrower MQA, one seed each) in its queue.
void openExample(const QString& folder, QObject* context, ProjectAnswer answer);

}  // namespace weft::ui
