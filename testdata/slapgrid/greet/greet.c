/* Greets who stands in the first line of standard input. */
#include <stdio.h>
#include <string.h>

int main(void) {
	char name[256];
	if (fgets(name, sizeof name, stdin) == NULL)
		return 1;
	name[strcspn(name, "\n")] = '\0';
	return printf("Hello %s\n", name) < 0;
}
