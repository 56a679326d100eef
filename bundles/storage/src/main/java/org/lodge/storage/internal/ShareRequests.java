package org.lodge.storage.internal;

import java.util.Optional;
import org.lodge.storage.ShareException;
import org.lodge.storage.ShareRequest;
import org.lodge.storage.ShareStatus.State;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestState;
import org.lodge.vm.Guests;

/** Checks what a person asks for. */
final class ShareRequests {

  /** What a request has that says nothing of it. */
  private static final String CACHE = "auto";

  private final ShareDefinitions definitions;
  private final Guests guests;

  ShareRequests(ShareDefinitions definitions, Guests guests) {
    this.definitions = definitions;
    this.guests = guests;
  }

  Grant grantOf(ShareRequest request) throws ShareException {
    if (!request.share().matches(ShareReader.NAME)) {
      throw new ShareException(
          "a share's name begins with a letter a-z and has at most 16 of a-z, 0-9 and -, unlike '"
              + request.share()
              + "'");
    }
    Optional<Grant> own =
        definitions.grants(request.guest()).stream()
            .filter(grant -> grant.share().equals(request.share()))
            .findFirst();
    if (own.isPresent() && request.from().isEmpty() && request.path().isEmpty()) {
      requireAsDeclared(request, own.get());
      return own.get();
    }
    Optional<Grant> declared =
        definitions.grants().stream().filter(g -> g.share().equals(request.share())).findFirst();
    Optional<String> from = request.from().or(() -> declared.map(Grant::from));
    Optional<String> path = request.path().or(() -> declared.map(Grant::path));
    if (from.isEmpty() || path.isEmpty()) {
      throw new ShareException(
          "no share '%s' is declared; say what it is: --from GUEST --path DIRECTORY, or --file FILE"
              .formatted(request.share()));
    }
    if (!path.get().startsWith("/")) {
      throw new ShareException("what is shared must be an absolute path, not " + path.get());
    }
    boolean file = request.path().isPresent() ? request.file() : declared.get().file();
    if (file && path.get().endsWith("/")) {
      throw new ShareException("a file has a name behind its last slash, unlike " + path.get());
    }
    if (from.get().equals(request.guest())) {
      throw new ShareException("guest '%s' has that directory itself".formatted(request.guest()));
    }
    return LiveGrants.granted(
        request.share(),
        request.guest(),
        from.get(),
        path.get(),
        file,
        request.readOnly(),
        request.mount(),
        request.cache());
  }

  /** What a definition says of it is more than a request can, such as names that it hides. */
  private static void requireAsDeclared(ShareRequest request, Grant own) throws ShareException {
    boolean same =
        (own.rules().readOnly() || !request.readOnly())
            && (request.mount().isEmpty() || request.mount().equals(own.mount()))
            && (request.cache().equals(CACHE) || request.cache().equals(own.cache()));
    if (!same) {
      throw new ShareException(
          ("share '%s' is declared for guest '%s', %s%s, and given as that: leave out --read-only, --mount and --cache,"
                  + " change its definition, or say --from and --path as well")
              .formatted(
                  own.share(),
                  own.guest(),
                  own.rules().readOnly() ? "read-only" : "read-write",
                  own.mount().map(mount -> " at " + mount).orElse("")));
    }
  }

  void requireRunning(String guest) throws ShareException {
    try {
      GuestState state = guests.status(guest).state();
      if (state == GuestState.PAUSED) {
        throw new ShareException(
            "guest '%s' is paused; let it run on: lodge resume %s".formatted(guest, guest));
      }
      if (state != GuestState.RUNNING) {
        throw new ShareException(
            "guest '%s' does not run; start it: lodge start %s".formatted(guest, guest));
      }
    } catch (GuestException e) {
      throw new ShareException(e.getMessage(), e);
    }
  }

  static void requireNotGiven(GuestShares shares, Grant grant) throws ShareException {
    Given given = shares.given.get(grant.share());
    if (given != null && given.state() != State.REVOKED && given.state() != State.FAILED) {
      throw new ShareException(
          "guest '%s' has a share '%s' already; see: lodge share ls"
              .formatted(grant.guest(), grant.share()));
    }
  }
}
