// tests/ui/dialog_fixture.h -- dialogs as a person meets them: the one that is open, keys to whatever has the keyboard.
#pragma once

#include <QApplication>
#include <QFileDialog>
#include <QMainWindow>
#include <QTest>

#include "tests/ui/window_fixture.h"

namespace weft::ui::test {

// Who gets the next key: an open list of completions first, as in every window.
inline QWidget* keyboard() {
  if (QWidget* popup = QApplication::activePopupWidget()) return popup;
  return QApplication::focusWidget();
}

inline void press(Qt::Key key, Qt::KeyboardModifiers modifiers = Qt::NoModifier) {
  ASSERT_NE(keyboard(), nullptr) << "nothing has the keyboard";
  QTest::keyClick(keyboard(), key, modifiers);
}

inline void type(const QString& text) {
  for (const QChar c : text) {
    ASSERT_NE(keyboard(), nullptr) << "nothing has the keyboard";
    QTest::keyClick(keyboard(), c.toLatin1());
  }
}

// Replaces what the field with the keyboard holds.
inline void retype(const QString& text) {
  press(Qt::Key_A, Qt::ControlModifier);
  press(Qt::Key_Delete);
  type(text);
}

// Out of the dialog: a list of completions closes first, as everywhere.
inline void escape() {
  for (int i = 0; i < 3 && QApplication::activePopupWidget(); ++i) press(Qt::Key_Escape);
  press(Qt::Key_Escape);
}

// The dialog of this kind that is open and has the keyboard; nullptr if none comes.
template <class Dialog>
Dialog* openDialog() {
  Dialog* found = nullptr;
  waitUntil([&] {
    found = qobject_cast<Dialog*>(QApplication::activeModalWidget());
    // After a question of its own, too: a window manager's part, which nobody plays for the offscreen platform.
    if (found && !found->isActiveWindow()) found->activateWindow();
    return found && found->isActiveWindow() && QApplication::focusWidget() &&
           found->isAncestorOf(QApplication::focusWidget());
  });
  return found;
}

// None is open any more, and the window has the keyboard back.
inline bool noDialog() {
  if (!waitUntil([] { return QApplication::activeModalWidget() == nullptr; })) return false;
  for (QWidget* window : QApplication::topLevelWidgets()) {
    if (!window->isVisible() || !qobject_cast<QMainWindow*>(window)) continue;
    window->activateWindow();
    return QTest::qWaitForWindowActive(window) && waitUntil([] { return QApplication::focusWidget() != nullptr; });
  }
  return true;
}

}  // namespace weft::ui::test
