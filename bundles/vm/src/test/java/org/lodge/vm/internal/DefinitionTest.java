package org.lodge.vm.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.agent.GuestService;
import org.lodge.agent.GuestSocket;
import org.lodge.configuration.SchemaValidator;
import org.lodge.connect.Carriage;
import org.lodge.vm.Definitions.Problem;

class DefinitionTest {

  /** The schema's own messages are the configuration bundle's; here it accepts what is JSON. */
  private static final SchemaValidator LENIENT = json -> List.of();

  @TempDir Path folder;
  private final SortedMap<String, DefinitionSet.Source> sources = new TreeMap<>();

  private DefinitionSet read(String... namesAndTexts) {
    for (int i = 0; i < namesAndTexts.length; i += 2) {
      Path file = folder.resolve(namesAndTexts[i] + ".json");
      sources.put(namesAndTexts[i], new DefinitionSet.Source(file, namesAndTexts[i + 1], null));
    }
    return DefinitionSet.of(sources, LENIENT);
  }

  private Problem only(String text) {
    DefinitionSet set = read("work", text);
    assertEquals(1, set.problems().size(), set.problems()::toString);
    assertTrue(set.good().isEmpty());
    return set.problems().getFirst();
  }

  @Test
  void whatStandsInOneFileIsNoMatterOfTheOthers() {
    DefinitionSet set =
        read(
            "deep",
            "{\"image\":" + "[".repeat(5000),
            "number",
            "{\"image\":\"app\",\"devices\":[{\"id\":\"d\",\"type\":\"x\",\"n\":99999999999999999999}]}",
            "work",
            "{\"image\":\"app\"}");
    assertEquals(Set.of("work"), set.good().keySet());
    assertEquals(2, set.problems().size(), set.problems()::toString);
    for (Problem problem : set.problems()) {
      assertTrue(problem.message().contains("can't be understood"), problem::toString);
    }
  }

  @Test
  void whatIsLeftOutHasAGoodValue() {
    Definition d = read("work", "{\"image\":\"app\"}").good().get("work");
    assertEquals(512L << 20, d.memoryBytes());
    assertEquals(Optional.of("app"), d.image());
    assertEquals(Definition.Ready.CONSOLE, d.ready());
    assertEquals(Duration.ofSeconds(20), d.limits().stop());
    assertEquals(Definition.Policy.NEVER, d.restart().policy());
    assertEquals(4, d.hotplugPorts());
  }

  @Test
  void everyKeyArrives() throws IOException {
    Files.createFile(folder.resolve("k"));
    Definition d =
        read(
                "work",
                """
                {"kernel":"k","initrd":"k","commandLine":"quiet","arguments":["a=b"],"memory":"2G","cpus":3,
                 "accel":"tcg","disks":[{"path":"k","serial":"data","readOnly":true}],"network":"user",
                 "screen":{"width":800,"height":600},"hotplugPorts":7,"autostart":true,"ready":"console",
                 "restart":{"policy":"on-failure","backoffSeconds":0.5,"limit":2},
                 "limits":{"readySeconds":1.5}}\
                """)
            .good()
            .get("work");
    assertEquals(folder.resolve("k"), d.boot().orElseThrow().kernel());
    assertEquals(2L << 30, d.memoryBytes());
    assertEquals(Duration.ofMillis(1500), d.limits().ready());
    assertEquals(7, d.hotplugPorts());
    assertEquals(Duration.ofMillis(500), d.restart().delay(0));
    assertEquals(Duration.ofMillis(2000), d.restart().delay(2));
    assertTrue(d.userNetwork() && d.autostart() && d.disks().getFirst().readOnly());
  }

  @Test
  void aMissingFileIsNamedWithItsWholePath() {
    Problem problem =
        only("{\"image\":\"app\",\"disks\":[{\"serial\":\"a\",\"path\":\"no.img\"}]}");
    assertEquals("disks[0].path", problem.key());
    assertEquals("\"no.img\"", problem.value());
    assertEquals("there is no file " + folder.resolve("no.img"), problem.message());
  }

  @Test
  void volumesAreNamedByDisksAndDevices() {
    Definition d =
        read(
                "work",
                """
                {"image":"app","root":"volume","volumeSize":"1G","revert":{"keep":3,"copySeconds":2},
                 "disks":[{"serial":"a","volume":"data","readOnly":true}],
                 "devices":[{"id":"b","type":"blk","volume":"more"},{"id":"c","type":"rng"}]}\
                """)
            .good()
            .get("work");
    assertEquals(
        List.of("work.root root", "data disk a", "more device b"),
        d.volumes().stream().map(use -> use.volume() + " " + use.as()).toList());
    assertEquals(1L << 30, d.volumes().getFirst().sizeBytes().orElseThrow());
    assertTrue(d.volumes().get(1).readOnly());
    assertEquals(new Definition.Revert(3, Duration.ofSeconds(2)), d.revert());
  }

  @Test
  void whoHasAVolumeOfAnotherGuestRequiresThatOne() {
    String text =
        "{'image':'app','devices':[{'id':'a','type':'blk','volume':'storage:data'},"
            + "{'id':'b','type':'blk','from':'vault','export':'more','readOnly':true}]}";
    DefinitionSet alone = read("work", text.replace('\'', '"'));
    assertEquals("devices[0].volume", alone.problems().getFirst().key());
    Definition d =
        read("storage", "{\"image\":\"app\"}", "vault", "{\"image\":\"app\"}").good().get("work");
    assertEquals(List.of("storage", "vault"), d.requires());
    assertEquals(
        List.of("storage:data device a false", "vault:more device b true"),
        d.volumes().stream()
            .map(use -> use.volume() + " " + use.as() + " " + use.readOnly())
            .toList());
    DefinitionSet own = read("work", text.replace('\'', '"').replace("storage:", "work:"));
    assertEquals("devices[0].volume", own.problems().getFirst().key());
  }

  @Test
  void aDiskIsAFileOrAVolumeAndAVolumeOneDisk() {
    assertEquals(
        "disks[0].path", only("{'image':'app','disks':[{'serial':'a'}]}".replace('\'', '"')).key());
    assertEquals(
        "devices[0].volume",
        only("{'image':'app','devices':[{'id':'a','type':'blk','volume':'v','path':'p'}]}"
                .replace('\'', '"'))
            .key());
    Problem twice =
        only(
            ("{'image':'app','disks':[{'serial':'a','volume':'v'}],"
                    + "'devices':[{'id':'b','type':'blk','volume':'v'}]}")
                .replace('\'', '"'));
    assertTrue(twice.message().contains("disk a and device b"), twice.message());
  }

  @Test
  void aNameThatIsNotPlainIsRefused() {
    assertTrue(
        read("Work_1", "{\"image\":\"app\"}").problems().getFirst().message().contains("a-z"));
  }

  @Test
  void socketsAndWhatPassesDescriptorsAreDeclared() {
    Definition d =
        read(
                "work",
                """
                {"image":"app","wayland":true,
                 "sockets":{"/run/lodge/sign":{"service":"sign","target":"vault","mode":"0600"}},
                 "services":{"wayland":{"socket":"/run/w","handles":true},"a":{"port":1}}}\
                """)
            .good()
            .get("work");
    assertEquals(
        List.of(
            GuestSocket.WAYLAND,
            new GuestSocket("/run/lodge/sign", 0600, "sign", "", "vault", false)),
        d.sockets());
    assertEquals(
        List.of(Carriage.HANDLES, Carriage.BYTES),
        d.services().stream().map(service -> service.description().carriage()).toList());
    assertEquals(
        "services.a.handles",
        only("{\"image\":\"app\",\"services\":{\"a\":{\"port\":1,\"handles\":true}}}").key());
    assertEquals("wayland", only("{\"image\":\"app\",\"vsock\":false,\"wayland\":true}").key());
  }

  @Test
  void everyGuestHasAVirtioSocketOfItsOwnNumberUnlessItSaysNo() {
    DefinitionSet set =
        read(
            "work",
            "{\"image\":\"app\"}",
            "vault",
            "{\"image\":\"app\"}",
            "alone",
            "{\"image\":\"app\",\"vsock\":false}",
            "own",
            "{\"image\":\"app\",\"devices\":[{\"id\":\"v\",\"type\":\"vsock\",\"cid\":9}]}");
    DeviceDeclaration work = set.good().get("work").devices().getFirst();
    DeviceDeclaration vault = set.good().get("vault").devices().getFirst();
    assertEquals("vsock", work.type());
    assertNotEquals(work.config().get("cid"), vault.config().get("cid"));
    assertEquals(Map.of("cid", VsockDevice.cid("work")), work.config());
    assertEquals(List.of(), set.good().get("alone").devices());
    assertEquals(
        List.of("vsock", "lane"),
        set.good().get("own").devices().stream().map(DeviceDeclaration::type).toList());
    assertEquals("lane", set.good().get("work").devices().getLast().type());
    sources.clear();
    assertEquals(
        "devices",
        only("{\"image\":\"app\",\"devices\":[{\"id\":\"vsock\",\"type\":\"rng\"}]}").key());
  }

  @Test
  void aServiceIsServedInOneWay() {
    Definition d =
        read(
                "work",
                """
                {"image":"app","tags":["dev"],"services":{
                 "plain":{}, "sign":{"command":["/usr/bin/sign","-q"],"user":"signer"},
                 "ssh":{"port":22}, "db":{"socket":"/run/db","description":"rows"}}}\
                """)
            .good()
            .get("work");
    assertEquals(
        List.of(
            new GuestService.Run(List.of("/etc/lodge/offers/plain"), Optional.empty()),
            new GuestService.Run(List.of("/usr/bin/sign", "-q"), Optional.of("signer")),
            new GuestService.TcpPort(22),
            new GuestService.UnixSocket("/run/db")),
        d.services().stream().map(GuestService::way).toList());
    assertEquals(Set.of("dev"), d.tags());
    assertEquals(
        "services.a.port",
        only("{\"image\":\"app\",\"services\":{\"a\":{\"socket\":\"/s\",\"port\":1}}}").key());
    assertEquals(
        "services.a.user",
        only("{\"image\":\"app\",\"services\":{\"a\":{\"port\":1,\"user\":\"u\"}}}").key());
    assertEquals("services.A", only("{\"image\":\"app\",\"services\":{\"A\":{\"port\":1}}}").key());
    assertEquals(
        "services", only("{\"image\":\"app\",\"vsock\":false,\"services\":{\"a\":{}}}").key());
  }

  @Test
  void aKernelAndAnImageExcludeEachOther() throws IOException {
    Files.createFile(folder.resolve("k"));
    assertEquals("kernel", only("{\"image\":\"app\",\"kernel\":\"k\"}").key());
    assertEquals("image", only("{}").key());
  }

  @Test
  void aMemoryThatTheHostHasNotIsRefused() {
    assertEquals(
        (8000L + 1000) << 10,
        HostMemory.bytes(List.of("MemTotal:  8000 kB", "MemFree: 5 kB", "SwapTotal: 1000 kB")));
    assertEquals(Long.MAX_VALUE, HostMemory.bytes(List.of()));
    assumeTrue(HostMemory.bytes() < 1024L << 30);
    Problem problem = only("{\"image\":\"app\",\"memory\":\"1024G\"}");
    assertEquals("memory", problem.key());
    assertTrue(problem.message().contains("this host has"), problem.message());
  }

  @Test
  void twoDisksOfOneSerialAreRefused() throws IOException {
    Files.createFile(folder.resolve("k"));
    assertEquals(
        "disks[1].serial",
        only("{\"image\":\"app\",\"disks\":[{\"serial\":\"a\",\"path\":\"k\"},{\"serial\":\"a\",\"path\":\"k\"}]}")
            .key());
    assertEquals(
        "disks[0].serial",
        only("{\"image\":\"app\",\"disks\":[{\"serial\":\"root\",\"path\":\"k\"}]}").key());
  }

  @Test
  void aCircleIsPrintedAsItsPathAndOthersAreUntouched() {
    DefinitionSet set =
        read(
            "a", "{\"image\":\"app\",\"requires\":[\"b\"]}",
            "b", "{\"image\":\"app\",\"requires\":[\"a\"]}",
            "c", "{\"image\":\"app\",\"requires\":[\"a\"]}",
            "d", "{\"image\":\"app\"}");
    assertEquals(List.of("c", "d"), List.copyOf(set.good().keySet()));
    assertTrue(set.problems().getFirst().message().endsWith("a -> b -> a"));
    assertTrue(set.problems("b").getFirst().message().endsWith("b -> a -> b"));
  }

  @Test
  void aGuestRequiresThoseThatKeepItsDisks() {
    String disk = "{\"id\":\"d\",\"type\":\"blk\",\"from\":\"%s\"}";
    DefinitionSet set =
        read(
            "work",
            "{\"image\":\"app\",\"requires\":[\"display\"],\"devices\":["
                + disk.formatted("storage")
                + "]}",
            "local",
            "{\"image\":\"app\",\"devices\":[" + disk.formatted("host") + "]}",
            "lost",
            "{\"image\":\"app\",\"devices\":[" + disk.formatted("stroage") + "]}",
            "display",
            "{\"image\":\"app\"}",
            "storage",
            "{\"image\":\"app\"}");
    assertEquals(List.of("display", "storage"), set.good().get("work").requires());
    assertEquals(List.of(), set.good().get("local").requires());
    assertEquals(1, set.problems().size(), set.problems()::toString);
    assertEquals("devices[0].from", set.problems().getFirst().key());
    sources.clear();
    Problem own = only("{\"image\":\"app\",\"devices\":[" + disk.formatted("work") + "]}");
    assertEquals("devices[0].from", own.key());
  }

  @Test
  void aGuestThatRequiresItselfIsACircle() {
    assertTrue(
        only("{\"image\":\"app\",\"requires\":[\"work\"]}").message().endsWith("work -> work"));
  }

  @Test
  void anUnknownRequiredGuestIsAnsweredWithThoseThatAre() {
    Problem problem = only("{\"image\":\"app\",\"requires\":[\"dispaly\"]}");
    assertEquals("requires[0]", problem.key());
    assertEquals("no guest is defined by this name; there are work", problem.message());
  }

  @Test
  void whereADefinitionStandsMakesNoDifference() {
    Definition d = read("work", "{\"image\":\"app\"}").good().get("work");
    Definition same = read("work", " {\"image\": \"app\", \"cpus\": 1} ").good().get("work");
    assertEquals(d, same);
    assertNotEquals(d, read("work", "{\"image\":\"app\",\"cpus\":2}").good().get("work"));
  }

  @Test
  void whatAGuestWasStartedWithIsKnownToALaterLodge() throws IOException {
    String text = "{\"image\":\"app\",\"cpus\":2}";
    new RunRecord("qemu", folder.resolve("work.json"), text, List.of()).write(folder);
    RunRecord record = RunRecord.read(folder).orElseThrow();
    Definition found =
        DefinitionReader.readInForce(record.file(), "work", record.text(), LENIENT).orElseThrow();
    assertEquals(read("work", text).good().get("work"), found);
  }

  @Test
  void aRunRecordThatIsNoneIsNone() throws IOException {
    assertEquals(Optional.empty(), RunRecord.read(folder));
    Random random = new Random(7);
    byte[] good =
        "{\"version\":1,\"vmm\":\"qemu\",\"file\":\"/a\",\"definition\":\"{}\"}"
            .getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < 300; i++) {
      byte[] bytes = good.clone();
      bytes[random.nextInt(bytes.length)] = (byte) (random.nextInt(95) + 32);
      Files.write(folder.resolve("guest.json"), bytes);
      RunRecord.read(folder);
    }
  }
}
