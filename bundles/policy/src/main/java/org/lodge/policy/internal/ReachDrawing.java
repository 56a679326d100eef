package org.lodge.policy.internal;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.lodge.policy.AccessGraph.Edge;
import org.lodge.policy.Action;

/** Draws who can reach whom: the parties on a circle, a bent arrow from each to each it reaches. */
final class ReachDrawing {
  private static final int BOX_HEIGHT = 28;
  private static final int CHAR_WIDTH = 8;
  private static final int MAX_LABEL_CHARS = 40;

  private record Point(double x, double y) {}

  private final Reach reach;
  private final double radius;
  private final int sizePixels;
  private final Map<String, Point> places = new HashMap<>();
  private final StringBuilder out = new StringBuilder();

  ReachDrawing(Reach reach) {
    this.reach = reach;
    int count = reach.parties().size();
    this.radius = Math.max(180, count * 26.0);
    this.sizePixels = (int) (2 * radius) + 320;
    for (int i = 0; i < count; i++) {
      double angle = 2 * Math.PI * i / count - Math.PI / 2;
      double middle = sizePixels / 2.0;
      places.put(
          reach.parties().get(i),
          new Point(middle + radius * Math.cos(angle), middle + radius * Math.sin(angle)));
    }
  }

  String svg() {
    write(
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %1$d %1$d" width="%1$d" height="%1$d"
          font-family="sans-serif" font-size="12">
        <defs><marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">
        <path d="M0 0 8 4 0 8z" fill="#345"/></marker></defs>
        <rect width="100%%" height="100%%" fill="#fff"/>
        """,
        sizePixels);
    reach.byPair().forEach(this::arrow);
    reach.parties().forEach(this::box);
    return out.append("</svg>\n").toString();
  }

  private void arrow(Reach.Pair pair, List<Edge> edges) {
    Point from = places.get(pair.source());
    Point to = places.get(pair.target());
    double length = Math.hypot(to.x - from.x, to.y - from.y);
    // Bent to the left of its direction, so that there and back are two arrows.
    Point bend =
        new Point(
            (from.x + to.x) / 2 + (to.y - from.y) / length * 40,
            (from.y + to.y) / 2 - (to.x - from.x) / length * 40);
    Point start = edgeOfBox(pair.source(), from, bend);
    Point end = edgeOfBox(pair.target(), to, bend);
    boolean asks = edges.stream().allMatch(edge -> edge.action() == Action.ASK);
    write(
        "<path d=\"M%.1f %.1fQ%.1f %.1f %.1f %.1f\" fill=\"none\" stroke=\"#345\"%s marker-end=\"url(#end)\"><title>%s</title></path>\n",
        start.x,
        start.y,
        bend.x,
        bend.y,
        end.x,
        end.y,
        asks ? " stroke-dasharray=\"5 4\"" : "",
        escape(
            pair.source()
                + " to "
                + pair.target()
                + ": "
                + edges.stream().map(Reach::describe).collect(Collectors.joining(", "))));
    write(
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" fill=\"#345\">%s</text>\n",
        (start.x + 2 * bend.x + end.x) / 4,
        (start.y + 2 * bend.y + end.y) / 4,
        escape(label(edges)));
  }

  private static String label(List<Edge> edges) {
    String label =
        edges.stream()
            .map(edge -> edge.service() + (edge.action() == Action.ASK ? "?" : ""))
            .collect(Collectors.joining(", "));
    return label.length() > MAX_LABEL_CHARS ? label.substring(0, MAX_LABEL_CHARS - 1) + "…" : label;
  }

  private Point edgeOfBox(String party, Point middle, Point towards) {
    double dx = towards.x - middle.x;
    double dy = towards.y - middle.y;
    double scale =
        Math.min(
            width(party) / 2.0 / Math.max(Math.abs(dx), 1e-6),
            BOX_HEIGHT / 2.0 / Math.max(Math.abs(dy), 1e-6));
    return new Point(middle.x + dx * scale, middle.y + dy * scale);
  }

  private void box(String party) {
    Point middle = places.get(party);
    write(
        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" rx=\"5\" fill=\"%s\" stroke=\"#345\"/>\n",
        middle.x - width(party) / 2.0,
        middle.y - BOX_HEIGHT / 2.0,
        width(party),
        BOX_HEIGHT,
        party.startsWith("@") ? "#fe9" : "#def");
    write(
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n",
        middle.x, middle.y + 4, escape(party));
  }

  private static int width(String party) {
    return party.length() * CHAR_WIDTH + 20;
  }

  private void write(String format, Object... values) {
    out.append(String.format(Locale.ROOT, format, values));
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
  }
}
