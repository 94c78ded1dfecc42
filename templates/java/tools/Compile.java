import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * {@code Compile JARS [OPTION]... FILE...}: compiles programs, each by itself, in one virtual
 * machine. The classes of each are in the folder {@code classes} beside it.
 */
class Compile {
  private static final String SUFFIX = ".java";

  public static void main(String[] arguments) throws IOException {
    ToolProvider javac = ToolProvider.findFirst("javac").orElseThrow();
    List<String> options = new ArrayList<>();
    List<String> files = new ArrayList<>();
    for (String argument : List.of(arguments).subList(1, arguments.length)) {
      (argument.endsWith(SUFFIX) ? files : options).add(argument);
    }
    try (Stream<Path> found = Files.list(Path.of(arguments[0]))) {
      options.add("-cp");
      options.add(found.map(Path::toString).sorted().collect(Collectors.joining(":")));
    }
    boolean failed = false;
    for (String file : files) {
      List<String> command = new ArrayList<>(options);
      Path classes = Path.of(file).resolveSibling("classes");
      command.addAll(List.of("-d", classes.toString(), file));
      failed |= javac.run(System.out, System.err, command.toArray(String[]::new)) != 0;
    }
    System.exit(failed ? 1 : 0);
  }
}
