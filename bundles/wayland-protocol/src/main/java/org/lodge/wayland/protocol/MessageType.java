package org.lodge.wayland.protocol;

/** A request or an event of an interface. Immutable; one instance for each. */
public final class MessageType {
  /** The kinds of arguments, as libwayland writes them in signatures. */
  public static final char INT = 'i';

  public static final char UINT = 'u';

  /** Signed 24.8 fixed point. */
  public static final char FIXED = 'f';

  public static final char STRING = 's';
  public static final char OBJECT = 'o';
  public static final char NEW_ID = 'n';
  public static final char ARRAY = 'a';

  /** A descriptor: takes no byte of the message. */
  public static final char HANDLE = 'h';

  private final String owner;
  private final String name;
  private final int opcode;
  private final boolean request;
  private final int since;
  private final boolean destructor;
  private final char[] kinds;
  private final boolean[] nullable;
  private final String[] typeNames;
  private final Interface[] types;
  private final int handleCount;
  private final int newIdArgument;

  /**
   * @param words the line of the table, see the generator
   */
  MessageType(String owner, int opcode, boolean request, String[] words) {
    this.owner = owner;
    this.opcode = opcode;
    this.request = request;
    name = words[1];
    since = Integer.parseInt(words[2]);
    destructor = words[3].equals("!");
    int count = words.length - 4;
    kinds = new char[count];
    nullable = new boolean[count];
    typeNames = new String[count];
    types = new Interface[count];
    int handles = 0;
    int newId = -1;
    for (int i = 0; i < count; i++) {
      String word = words[i + 4];
      nullable[i] = word.startsWith("?");
      kinds[i] = word.charAt(nullable[i] ? 1 : 0);
      int colon = word.indexOf(':');
      typeNames[i] = colon < 0 ? null : word.substring(colon + 1);
      handles += kinds[i] == HANDLE ? 1 : 0;
      newId = kinds[i] == NEW_ID ? i : newId;
    }
    handleCount = handles;
    newIdArgument = newId;
  }

  public String name() {
    return name;
  }

  public int opcode() {
    return opcode;
  }

  public boolean isRequest() {
    return request;
  }

  /** The version of the interface from which on the message may be sent. */
  public int since() {
    return since;
  }

  /** Whether the object is gone after it; true for some events, too. */
  public boolean isDestructor() {
    return destructor;
  }

  public int argumentCount() {
    return kinds.length;
  }

  /** One of the constants of this class. An untyped new_id is three arguments: s, u and n. */
  public char kind(int argument) {
    return kinds[argument];
  }

  public boolean isNullable(int argument) {
    return nullable[argument];
  }

  /**
   * Of an object or new object.
   *
   * @return null where any may stand, or where it is not among the known ones
   */
  public Interface type(int argument) {
    Interface type = types[argument];
    if (type == null && typeNames[argument] != null) {
      type = Interfaces.named(typeNames[argument]);
      types[argument] = type;
    }
    return type;
  }

  /** Whether an object's interface is fixed, be it known here or not. */
  public boolean isTyped(int argument) {
    return typeNames[argument] != null;
  }

  public int handleCount() {
    return handleCount;
  }

  /**
   * Which argument makes an object.
   *
   * @return -1 if none does
   */
  public int newIdArgument() {
    return newIdArgument;
  }

  /** Such as {@code wl_surface.commit}. */
  @Override
  public String toString() {
    return owner + "." + name;
  }
}
