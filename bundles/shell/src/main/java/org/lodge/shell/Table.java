package org.lodge.shell;

import java.util.ArrayList;
import java.util.List;

/** Rows of text under headings. */
public record Table(List<Column> columns, List<List<String>> rows) {

  /**
   * @param need 0 is never cut; where the terminal is narrow the column with the highest number is
   *     cut first
   */
  public record Column(String heading, Style style, int need) {}

  /** How a column looks. */
  public enum Style {
    LEFT,
    RIGHT,
    /** The state of a guest, coloured. */
    STATE
  }

  public Table {
    columns = List.copyOf(columns);
    List<List<String>> copy = new ArrayList<>();
    for (List<String> row : rows) {
      if (row.size() != columns.size()) {
        throw new IllegalArgumentException("A row needs " + columns.size() + " cells: " + row);
      }
      copy.add(List.copyOf(row));
    }
    rows = List.copyOf(copy);
  }
}
