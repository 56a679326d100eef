package org.lodge.shell.internal.admin;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.lodge.shell.internal.Dispatcher;
import org.lodge.shell.internal.InteractiveShell;
import org.lodge.shell.internal.Io;
import org.lodge.shell.internal.OneShot;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the admin socket while Lodge runs. */
@Component(
    immediate = true,
    service = {})
public final class AdminSocket implements ClientCommands {
  private static final Logger LOG = LoggerFactory.getLogger(AdminSocket.class);

  private final Dispatcher dispatcher;
  private final InteractiveShell shell;
  private final AdminServer server;
  private StateLock state;

  @Activate
  public AdminSocket(
      BundleContext context, @Reference Dispatcher dispatcher, @Reference InteractiveShell shell)
      throws IOException {
    this.dispatcher = dispatcher;
    this.shell = shell;
    String run = context.getProperty("lodge.run");
    if (run == null || context.getProperty(OneShot.ARGUMENTS) != null) {
      server = null;
      return;
    }
    server =
        open(
            Path.of(run).toAbsolutePath(),
            Path.of(context.getProperty("lodge.state")).toAbsolutePath());
  }

  private AdminServer open(Path run, Path stateFolder) throws IOException {
    try {
      // First: whoever finds the socket takes this Lodge for one that runs.
      state = StateLock.take(stateFolder, run);
      AdminServer opened = AdminServer.open(run, this);
      LOG.info("The admin socket is {}", run.resolve("admin.sock"));
      return opened;
    } catch (AdminServer.AlreadyRunningException e) {
      System.err.println("lodge: " + e.getMessage());
      // Nothing of Lodge has started before this bundle, so nothing is to be stopped in order; and
      // a second supervisor must not see one guest of the first.
      Runtime.getRuntime().halt(1);
      throw e;
    }
  }

  @Deactivate
  void deactivate() throws IOException {
    if (server != null) {
      server.close();
      state.close();
    }
  }

  @Override
  public int run(List<String> words, Io io, SocketTerminal terminal) {
    boolean interactive =
        terminal.inputIsTty()
            && terminal.outputIsTty()
            && (words.isEmpty() || words.equals(List.of("admin")));
    if (!interactive) {
      return dispatcher.run(words, io);
    }
    return shell.run(io);
  }
}
