package org.lodge.images;

/** An image could not be built, imported or found. */
public class ImageException extends Exception {
  private static final long serialVersionUID = 1;

  private final String image;
  private final String step;

  /**
   * @param step such as {@code packages}, {@code root}, {@code initrd}
   * @param message what went wrong and what to do next
   */
  public ImageException(String image, String step, String message, Throwable cause) {
    super(message, cause);
    this.image = image;
    this.step = step;
  }

  public String image() {
    return image;
  }

  public String step() {
    return step;
  }
}
