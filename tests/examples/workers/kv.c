#define _GNU_SOURCE
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pair { char *key, *value; };
static int by_key(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }

int main(void) {
  void *store = NULL;
  char *line = NULL;
  size_t room = 0;
  for (ssize_t size; (size = getline(&line, &room, stdin)) > 0;) {
    line[size - 1] = '\0';
    char *rest = line;
    const char *number = strsep(&rest, " "), *command = rest ? strsep(&rest, " ") : "";
    char *key = rest ? strsep(&rest, " ") : "", *value = rest ? rest : "";
    struct pair **found = tfind(&key, &store, by_key);
    const char *answer = found ? (*found)->value : "NONE";
    if (strcmp(command, "set") == 0) {
      struct pair *pair = found ? *found : calloc(1, sizeof *pair);
      if (!found) pair->key = strdup(key), tsearch(pair, &store, by_key);
      free(pair->value);
      pair->value = strdup(value), answer = "OK";
    } else if (strcmp(command, "get") != 0) {
      answer = "ERR write set KEY VALUE or get KEY";
    }
    printf("%s %s\n", number, answer);
    fflush(stdout);
  }
}
