// ui/parts/page_id.h -- the pages, by name and not by text: a page that asks for another knows only this.
#pragma once

#include <QString>

namespace weft::ui {

class PageId {
 public:
  constexpr PageId() = default;
  constexpr explicit PageId(const char* name) : m_name(name) {}
  // On the rail, in menus and after --page; "" for none.
  QString name() const { return QString::fromLatin1(m_name); }
  bool isNone() const { return *m_name == '\0'; }
  bool operator==(const PageId& other) const { return qstrcmp(m_name, other.m_name) == 0; }

 private:
  const char* m_name = "";
};

namespace pages {
inline constexpr PageId kDesign{"Design"}, kRuns{"Runs"}, kMonitor{"Monitor"}, kCompare{"Compare"}, kMeasure{"Measure"},
    kFigures{"Figures"}, kQueue{"Queue"}, kSettings{"Settings"};
}  // namespace pages

}  // namespace weft::ui
