#ifndef LODGE_CLIENT_H
#define LODGE_CLIENT_H

#include "agent.h"

int client_call(const struct service *);
int client_ready(void);

#endif
