// ui/figures/figure_library.h -- the saved figures of a project: figures/figures.json, read and written by threads of
// the pool, and the data that each of them shows. While the page is on show, its figure follows the store, every few
// seconds at most, and the others when they are chosen; a figure that was frozen keeps its data and knows when there is
// newer. While the page is hidden, nothing is read.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QPointer>
#include <QTimer>
#include <cstdint>
#include <optional>
#include <vector>

#include "ui/figures/figure_document.h"

namespace weft::ui {

class FigureLibrary : public QObject {
  Q_OBJECT
 public:
  explicit FigureLibrary(QObject* parent = nullptr);
  ~FigureLibrary() override;

  void setSession(ProjectSession* session);  // loads; nullptr: empty
  // The page is on show, and with it this figure (-1: none).
  void setShown(bool shown);
  void show(int index);
  // Between two readings of a figure that follows; at least ten times what the last one took.
  void setFollowDelay(int milliseconds) { m_followDelay_ms = milliseconds; }
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
  void refresh(int index);  // to the newest data; a frozen one is frozen anew
  void setFrozen(int index, bool frozen);

 Q_SIGNALS:
  void listChanged();             // figures came or went
  void figureChanged(int index);  // its document, data or state
  void messageRaised(const QString& sentence, bool isError);

 private:
  struct Held {
    FigureDocument document;
    std::vector<FigureRun> runs;
    std::optional<std::uint64_t> shown;  // fingerprint of runs; nullopt: nothing was read yet
    bool isLoading = false, hasNewerData = false;
    int generation = 0;
  };
  void load();
  void save();
  void look();    // at a new snapshot
  void follow();  // the figure on show, if there is something newer
  void fetch(int index);
  void finish(int index, int generation, std::vector<FigureRun> runs);

  QPointer<ProjectSession> m_session;
  std::vector<Held> m_figures;
  QTimer m_save, m_follow;
  QElapsedTimer m_read;  // of the last figure that was read
  qint64 m_readTime_ms = 0;
  int m_followDelay_ms = 2000;
  int m_current = -1;
  bool m_isShown = false;
  int m_generation = 0;  // of the last question about data
  int m_sessionNumber = 0;
  bool m_isLoaded = false;
};

}  // namespace weft::ui
