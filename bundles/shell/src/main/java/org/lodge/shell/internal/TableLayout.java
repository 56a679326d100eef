package org.lodge.shell.internal;

import java.util.ArrayList;
import java.util.List;
import org.lodge.shell.Table;
import org.lodge.shell.Table.Column;
import org.lodge.shell.Table.Style;

/** Lays a table out in the columns that a terminal has. */
public final class TableLayout {
  private static final String GAP = "  ";
  private static final int SMALLEST = 6;

  private TableLayout() {}

  /** The heading and the rows, each at most {@code columns} wide, without line ends. */
  public static List<String> lines(Table table, int columns, boolean colors) {
    List<Column> heads = table.columns();
    List<List<String>> cells = new ArrayList<>();
    cells.add(heads.stream().map(Column::heading).toList());
    for (List<String> row : table.rows()) {
      cells.add(row.stream().map(SafeText::safe).toList());
    }
    int[] widths = fit(heads, cells, columns);
    List<String> lines = new ArrayList<>();
    for (int row = 0; row < cells.size(); row++) {
      StringBuilder line = new StringBuilder();
      int used = 0;
      for (int i = 0; i < widths.length; i++) {
        if (widths[i] == 0) {
          continue;
        }
        if (used > 0) {
          line.append(GAP);
          used += GAP.length();
        }
        int room = Math.min(widths[i], columns - used);
        if (room <= 0) {
          break;
        }
        Style style = heads.get(i).style();
        String cell = SafeText.truncate(cells.get(row).get(i), room);
        String padding = " ".repeat(room - SafeText.width(cell));
        String colour = colors ? colour(style, row == 0, cell) : "";
        String shown = colour.isEmpty() ? cell : colour + cell + "\033[0m";
        line.append(style == Style.RIGHT ? padding + shown : shown + padding);
        used += room;
      }
      lines.add(line.toString().stripTrailing());
    }
    return lines;
  }

  private static int[] fit(List<Column> heads, List<List<String>> cells, int columns) {
    int[] widths = new int[heads.size()];
    int total = GAP.length() * (widths.length - 1);
    for (int i = 0; i < widths.length; i++) {
      for (List<String> row : cells) {
        widths[i] = Math.max(widths[i], SafeText.width(row.get(i)));
      }
      total += widths[i];
    }
    for (int i = widths.length - 1; i >= 0 && total > columns; i--) {
      if (heads.get(i).need() > 0 && isEmpty(cells, i)) {
        total -= widths[i] + GAP.length();
        widths[i] = 0;
      }
    }
    while (total > columns) {
      int victim = -1;
      for (int i = 0; i < widths.length; i++) {
        int need = heads.get(i).need();
        if (need > 0 && widths[i] > SMALLEST && (victim < 0 || need > heads.get(victim).need())) {
          victim = i;
        }
      }
      if (victim < 0) {
        break;
      }
      int cut = Math.min(total - columns, widths[victim] - SMALLEST);
      widths[victim] -= cut;
      total -= cut;
    }
    return widths;
  }

  /** Below its heading; it is the first to go where there is no room. */
  private static boolean isEmpty(List<List<String>> cells, int column) {
    return cells.stream().skip(1).allMatch(row -> row.get(column).isEmpty());
  }

  private static String colour(Style style, boolean heading, String cell) {
    if (heading) {
      return "\033[1m";
    }
    if (style != Style.STATE) {
      return "";
    }
    return switch (cell) {
      case "running" -> "\033[32m";
      case "failed" -> "\033[31m";
      case "unknown" -> "\033[35m";
      case "created", "ready", "paused", "stopping" -> "\033[33m";
      default -> "";
    };
  }
}
