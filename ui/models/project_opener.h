// ui/models/project_opener.h -- opening, making and filling a project folder off the GUI thread.
#pragma once

#include <QObject>
#include <QString>
#include <functional>
#include <memory>

#include "engine/base/result.h"
#include "engine/store/project.h"
#include "engine/store/project_place.h"

namespace weft::ui {

using ProjectAnswer = std::function<void(Result<store::Project>)>;

// Each answers on the GUI thread, unless `context` is gone by then.
void openProject(const QString& folder, QObject* context, ProjectAnswer answer);
// A new project where nothing is yet, or in an empty folder; where something lies by now it is refused and left alone.
void createProject(const QString& parent, const QString& name, QObject* context, ProjectAnswer answer);
// The example: made on first use, with the demo's runs (MHA, MQA, MQA-CLA2 and a narrower MQA, one seed each) in its
// queue.
void openExample(const QString& folder, QObject* context, ProjectAnswer answer);

// What New project needs to know of a place, and names that are free there.
struct PlaceLook {
  Result<store::ProjectPlace> place;
  QString freeName;    // in the parent folder, made from the name
  QString freeInside;  // in the folder itself
};
void lookAtPlace(const QString& parent, const QString& name, QObject* context,
                 std::function<void(const PlaceLook&)> answer);

}  // namespace weft::ui
