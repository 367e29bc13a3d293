// ui/plot/shared_cursor.h -- one cursor through several plots: the pointer's x is every plot's x. A click pins it, a
// click on the pinned line or Esc lets it go; Left and Right move it, Shift by more; Ctrl+C copies the readings. Lives
// beside its plots; a plot that is destroyed leaves by itself.
#pragma once

#include <QObject>
#include <functional>
#include <optional>
#include <vector>

#include "ui/plot/plot.h"

namespace weft::ui {

class CursorItem;

class SharedCursor : public QObject {
  Q_OBJECT
 public:
  enum class Tag { No, Yes };  // x written in a box below the axis
  explicit SharedCursor(QObject* parent = nullptr);

  void add(Plot* plot, Tag tag);
  // How the tag writes x, and what Ctrl+C copies.
  void setTagText(std::function<QString(double x)> text) { m_tagText = std::move(text); }
  void setReadings(std::function<QString(double x)> readings) { m_readings = std::move(readings); }

  std::optional<double> x() const { return m_x; }
  bool isPinned() const { return m_isPinned; }
  void moveTo(double x);  // not while pinned
  void pin(double x);
  void clear();  // unpinned and gone
  bool copy() const;

 Q_SIGNALS:
  void moved();  // to x(), which is nullopt when the pointer has left
  void copied();

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void set(std::optional<double> x, bool isPinned);
  void click(const Plot& plot, QPointF pixel);
  void step(const Plot& plot, double pixels);
  void redraw();

  struct Member {
    QPointer<Plot> plot;
    CursorItem* item;  // the plot's
  };
  std::vector<Member> m_members;
  std::optional<double> m_x;
  bool m_isPinned = false;
  std::function<QString(double)> m_tagText, m_readings;
};

}  // namespace weft::ui
