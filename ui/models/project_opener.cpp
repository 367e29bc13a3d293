#include "ui/models/project_opener.h"

#include <QCoreApplication>
#include <QPointer>
#include <QThreadPool>
#include <memory>

#include "engine/config/demo.h"
#include "engine/service/client.h"
#include "engine/service/demo.h"

namespace weft::ui {
namespace {

// `work` on a thread of the pool, `answer` with its value on the GUI thread unless `context` is gone by then.
template <class Value>
void inBackground(std::function<Value()> work, QObject* context, std::function<void(Value)> answer) {
  QThreadPool::globalInstance()->start(
      [work = std::move(work), guard = QPointer<QObject>(context), answer = std::move(answer)] {
        auto value = std::make_shared<Value>(work());
        QMetaObject::invokeMethod(
            QCoreApplication::instance(),
            [guard, answer, value] {
              if (guard) answer(std::move(*value));
            },
            Qt::QueuedConnection);
      });
}

Result<store::Project> makeExample(const std::filesystem::path& folder) {
  WEFT_ASSIGN(store::Project project, store::Project::create(folder));
  WEFT_ASSIGN(store::RunStore store, store::RunStore::open(project.database()));
  WEFT_ASSIGN(const std::vector<store::RunSummary> runs, store.runs());
  if (!runs.empty()) return project;
  WEFT_ASSIGN(const service::DemoText text, service::demoText(project));
  for (const config::RunConfig& config :
       config::demoRuns({.quick = true, .files = text.files, .validFiles = text.validFiles, .seeds = {}})) {
    // It reads the weights of a run that has not ended yet.
    if (!config::demoOriginal(config).empty()) continue;
    WEFT_TRY(service::submit(project, store, config));
  }
  return project;
}

}  // namespace

void openProject(const QString& folder, QObject* context, ProjectAnswer answer) {
  inBackground<Result<store::Project>>(
      [path = std::filesystem::path(folder.toStdString())] { return store::Project::open(path); }, context,
      std::move(answer));
}

void createProject(const QString& parent, const QString& name, QObject* context, ProjectAnswer answer) {
  inBackground<Result<store::Project>>(
      [parent = std::filesystem::path(parent.toStdString()), name = name.toStdString()]() -> Result<store::Project> {
        // Looked at again: something may have come there since the dialog looked.
        WEFT_ASSIGN(const store::ProjectPlace place, store::examineProjectPlace(parent, name));
        if (place.kind == store::ProjectPlace::Kind::OtherFiles)
          return fail(ErrorCode::InvalidInput,
                      place.folder.string() + " holds other files by now; Weft leaves them alone.");
        return store::Project::create(place.folder);
      },
      context, std::move(answer));
}

void lookAtPlace(const QString& parent, const QString& name, QObject* context,
                 std::function<void(const PlaceLook&)> answer) {
  inBackground<PlaceLook>(
      [parent = std::filesystem::path(parent.toStdString()), name = name.toStdString()]() -> PlaceLook {
        PlaceLook look{.place = store::examineProjectPlace(parent, name), .freeName = {}, .freeInside = {}};
        look.freeName = QString::fromStdString(store::freeProjectName(parent, name));
        if (look.place) look.freeInside = QString::fromStdString(store::freeProjectName(look.place->folder, "project"));
        return look;
      },
      context, [answer = std::move(answer)](PlaceLook look) { answer(look); });
}

void openExample(const QString& folder, QObject* context, ProjectAnswer answer) {
  inBackground<Result<store::Project>>(
      [path = std::filesystem::path(folder.toStdString())] { return makeExample(path); }, context, std::move(answer));
}

}  // namespace weft::ui
