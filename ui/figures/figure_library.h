// ui/figures/figure_library.h -- the saved figures of a project: figures/figures.json, read and written by threads of the pool, and the data that
// each of them shows. A figure keeps the data of its last refresh, so that it stays still while runs train; it knows when there is newer data.
#pragma once

#include <QObject>
#include <QPointer>
#include <QTimer>
#include <vector>

#include "ui/figures/figure_document.h"

namespace weft::ui {

class FigureLibrary : public QObject {
  Q_OBJECT
 public:
  explicit FigureLibrary(QObject* parent = nullptr);
  ~FigureLibrary() override;

  void setSession(ProjectSession* session);  // loads; nullptr: empty
  bool isLoaded() const { return m_isLoaded; }

  int count() const { return static_cast<int>(m_figures.size()); }
  const FigureDocument& figure(int index) const { return m_figures[static_cast<std::size_t>(index)].document; }
  const std::vector<FigureRun>& runs(int index) const { return m_figures[static_cast<std::size_t>(index)].runs; }
  bool isLoading(int index) const { return m_figures[static_cast<std::size_t>(index)].isLoading; }
  bool hasNewerData(int index) const { return m_figures[static_cast<std::size_t>(index)].hasNewerData; }

  int add(const FigureDocument& document);  // its index
  void remove(int index);
  // What it draws of which runs may have changed: data is loaded again if so.
  void change(int index, const FigureDocument& document);
  void refresh(int index);  // to the newest data

 Q_SIGNALS:
  void listChanged();             // figures came or went
  void figureChanged(int index);  // its document, data or state
  void messageRaised(const QString& sentence, bool isError);

 private:
  struct Held {
    FigureDocument document;
    std::vector<FigureRun> runs;
    QString shown;  // fingerprint of runs
    bool isLoading = false, hasNewerData = false;
    int generation = 0;
  };
  void load();
  void save();
  void look();  // at a new snapshot
  void fetch(int index);
  void finish(int index, int generation, std::vector<FigureRun> runs);

  QPointer<ProjectSession> m_session;
  std::vector<Held> m_figures;
  QTimer m_save;
  int m_generation = 0;  // of the last question about data
  int m_sessionNumber = 0;
  bool m_isLoaded = false;
};

}  // namespace weft::ui
