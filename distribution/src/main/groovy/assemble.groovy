// Puts target/lodge together: what features/*.json name, resolved by Maven, beside src/main/dist and config/.
import groovy.json.JsonSlurper
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption
import java.security.MessageDigest
import org.eclipse.aether.artifact.DefaultArtifact
import org.eclipse.aether.resolution.ArtifactRequest

def base = project.basedir.toPath()
def root = base.parent
def out = base.resolve('target/lodge')
def repositorySystem = session.container.lookup(Class.forName('org.eclipse.aether.RepositorySystem', true, session.class.classLoader))

// A module built in this run is taken from its target folder, so that `package` is enough.
def inReactor = session.allProjects.collectEntries { [("$it.groupId:$it.artifactId" as String): it] }
def resolve = { String id ->
  def (group, name, version) = id.split(':')
  def module = inReactor["$group:$name" as String]
  def jar = module == null ? null : new File(module.build.directory, module.build.finalName + '.jar')
  if (jar != null && jar.exists()) return jar.toPath()
  def request = new ArtifactRequest(new DefaultArtifact(group, name, 'jar', version), project.remoteProjectRepositories, null)
  repositorySystem.resolveArtifact(session.repositorySession, request).artifact.file.toPath()
}
def substitute = { String text ->
  text.replaceAll(/\$\{([a-z0-9.-]+)\}/) { all, key ->
    def value = key == 'project.version' ? project.version : project.properties[key]
    if (value == null) throw new IllegalStateException("features: no property $key in pom.xml")
    value
  }
}
def keep = [] as Set
def put = { Path from, Path to ->
  keep << to
  def newer = Files.exists(to) && Files.size(to) == Files.size(from) && Files.getLastModifiedTime(to) >= Files.getLastModifiedTime(from)
  if (newer) return
  Files.createDirectories(to.parent)
  Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES)
}
def tree = { Path from, Path to ->
  Files.walk(from).withCloseable { files -> files.filter(Files::isRegularFile).forEach { put(it, to.resolve(from.relativize(it).toString())) } }
}

def levels = new TreeMap<String, List<String>>().withDefault { [] }
def classPath = []
root.resolve('features').toFile().listFiles().findAll { it.name.endsWith('.json') }.sort().each { file ->
  def feature = new JsonSlurper().parseText(substitute(file.text))
  feature.bundles.each { bundle ->
    def jar = resolve(bundle.id)
    put(jar, out.resolve("system/${jar.fileName}"))
    // One that others only take classes from need not be started.
    levels["${bundle.started == false ? 'install' : 'start'}.${bundle.'start-level'}" as String] << (jar.fileName as String)
  }
  feature.extensions?.'org.lodge.class-path:ARTIFACTS|REQUIRED'?.each { id ->
    def jar = resolve(id)
    put(jar, out.resolve("lib/${jar.fileName}"))
    classPath << (jar.fileName as String)
  }
}
put(resolve("org.lodge:client:${project.version}"), out.resolve('lib/client.jar'))
put(resolve("org.lodge:keeper:${project.version}"), out.resolve('lib/keeper.jar'))
tree(base.resolve('src/main/dist'), out)
tree(root.resolve('config'), out.resolve('config'))
[root.resolve('LICENSE'), root.resolve('README.md')].findAll { Files.exists(it) }.each { put(it, out.resolve(it.fileName.toString())) }
def man = root.resolve('bundles/shell/target/man')
if (Files.exists(man)) tree(man, out.resolve('man/man1'))

def bundles = levels.collect { level, jars ->
  "felix.auto.$level=" + jars.collect { "\"reference:file:\${lodge.home}/system/$it\"" }.join(' \\\n  ')
}.join('\n')
def properties = base.resolve('src/main/dist/conf/framework.properties').toFile().text
out.resolve('conf/framework.properties').toFile().text = properties.replace('@bundles@', bundles)
out.resolve('lib/class-path').toFile().text = classPath.join(':')

// Tells one build from the next, for what is cached about it.
def digest = MessageDigest.getInstance('SHA-256')
(keep.findAll { it.toString().endsWith('.jar') }.sort() + [out.resolve('conf/framework.properties')]).each {
  digest.update(it.fileName.toString().bytes)
  digest.update(Files.readAllBytes(it))
}
out.resolve('lib/build-id').toFile().text = digest.digest().encodeHex().toString()
out.resolve('bin/lodge').toFile().executable = true

// What an earlier assembly left behind would be started or hot-deployed again.
['system', 'lib'].each { folder ->
  out.resolve(folder).toFile().listFiles().findAll { it.name.endsWith('.jar') && !(it.toPath() in keep) }.each { it.delete() }
}
// So would definitions that are no longer shipped; those that a person has put beside them stay.
def shipped = out.resolve('lib/config-files')
def config = keep.findAll { it.startsWith(out.resolve('config')) }.collect { out.relativize(it).toString() }.sort()
if (Files.exists(shipped)) {
  (shipped.toFile().readLines() - config).each { Files.deleteIfExists(out.resolve(it)) }
}
shipped.toFile().text = config.join('\n') + '\n'
log.info("Assembled ${levels.values().sum { it.size() }} bundles in target/lodge")
