/* The load: opens WebSockets, sends POSTs, checks that every message came to every socket it was
 * for, once and in order, and says in JSON how fast that was.
 *
 *   load PLAN [--in-flight K | --rate R] [--seconds S] [--warm S] [--drain S] [--patience S]
 *
 * PLAN is a file (or - for standard input, then nothing can say "go") of lines, fields separated by
 * tabs, with \n \r \t \\ escaped:
 *
 *   socket   address  group  path  headers  hello
 *   stalled  address  group  path  headers  hello          never read after its hello
 *   post     address  group  path  headers  body  expect
 *
 * Headers are whole lines, each ending in \r\n. In a post's headers and body {marker} becomes
 * ~m<group>-<seq>~, to be found again in the frames, and {key} a fresh UUID. Where a message cannot
 * carry a marker, expect says what its frame holds: texts joined by " & ", one starting with ! must be
 * absent.
 *
 * Standard output is one JSON object a line: "open" when all sockets have said their hello; then a
 * line on standard input starts the load (end of file ends the run); "measuring" and "measured" at the
 * edges of the measured window; "result" last.
 *
 * With --in-flight K messages are on their way at any time, each until its last frame has come (closed
 * loop). With --rate, messages are due at even times whatever the server does, and latency counts from
 * the time a message was due (open loop): a slow server can't hide by slowing us down.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define GROUPS 200000
#define HANDSHAKES 64      /* how many sockets open at once: below any listen backlog */
#define CONNECTIONS 64     /* keep-alive connections of the open loop */
#define NOTHING UINT32_MAX

enum kind { SOCKET, SLOT, TIMER, INPUT };
enum state { WAITING, CONNECTING, UPGRADING, OPEN, CLOSED };
enum phase { OPENING, READY, RUNNING, DRAINING, OVER };

struct bytes { char *at; size_t length, room; };

struct wire {              /* what a socket and a slot have in common; first in both */
    enum kind kind;
    enum state state;
    int fd;
    struct sockaddr_in address;
    struct bytes in, out;
    bool wants_out;
};

struct socket {
    struct wire wire;
    uint32_t group;
    bool stalled;
    char *request, *hello;
    struct bytes frame;    /* the fragments of an unfinished message */
    struct bytes seen;     /* one byte for each seq */
    uint32_t next;         /* the lowest seq not seen yet */
    uint32_t highest;      /* one more than the highest seen */
};

struct post { uint32_t group; char *path, *headers, *body, *expect; };

struct message {
    uint32_t group, seq, remaining, post;
    int status;            /* of the answer; 0: none yet, -1: the connection failed */
    bool finished, given_up;
    double due, sent, answered, heard;
};

struct group { uint32_t readers, sent, room; uint32_t *messages; };

struct slot {              /* one keep-alive connection; a group always uses the same one, so its order is ours */
    struct wire wire;
    uint32_t *posts, count, turn;
    uint32_t *queue, head, tail, room;
    uint32_t current;      /* the message sent and not answered */
    uint32_t holding;      /* closed loop: the message on its way */
    bool stale;            /* the server may close a connection left alone: its first message is then sent again */
};

static struct socket *sockets; static uint32_t socket_count;
static struct post *posts; static uint32_t post_count;
static struct message *messages; static uint32_t message_count, message_room;
static struct group *groups;
static struct slot *slots; static uint32_t slot_count;
static struct sockaddr_in post_address; static char post_host[64];

static double rate, seconds = 5, warm = 1, drain = 5, patience = 5;
static uint32_t in_flight = 1;
static int epoll_fd, timer_fd;
static enum phase phase = OPENING;
static double now, started, window_from, window_to, drain_until;
static bool window_open, window_shut;
static uint32_t opening, next_to_open, opened, refused, next_post, unfinished;
static uint64_t due_count;

static uint64_t frames, frame_bytes, deliveries, window_deliveries, window_messages;
static uint64_t doubled, disordered, strays, closed_early, broken_posts;
static uint32_t answers[600];
static uint32_t close_codes[5000];
static double generator_lag;
static char first_error[300];

/* ---- small things ------------------------------------------------------------------------- */

static void die(const char *format, ...) {
    va_list rest;
    va_start(rest, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, rest);
    fputc('\n', stderr);
    exit(2);
}

static void note(const char *format, ...) {
    if (first_error[0]) return;
    va_list rest;
    va_start(rest, format);
    vsnprintf(first_error, sizeof first_error, format, rest);
    va_end(rest);
    for (char *c = first_error; *c; c++)
        if (*c == '"' || *c == '\\' || (unsigned char)*c < 32 || (unsigned char)*c > 126) *c = ' ';
}

static void *grow(void *old, size_t size) {
    void *fresh = realloc(old, size);
    if (!fresh) die("out of memory");
    return fresh;
}

static double clock_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void room_for(struct bytes *b, size_t more) {
    if (b->length + more <= b->room) return;
    b->room = (b->length + more) * 2;
    b->at = grow(b->at, b->room);
}

static void append(struct bytes *b, const void *from, size_t length) {
    room_for(b, length);
    memcpy(b->at + b->length, from, length);
    b->length += length;
}

static void drop_front(struct bytes *b, size_t length) {
    b->length -= length;
    if (b->length) memmove(b->at, b->at + length, b->length);
}

static uint64_t chance(void) {         /* xorshift: for keys and masks, not for secrets */
    static uint64_t x;
    while (!x)
        if (getrandom(&x, sizeof x, 0) != sizeof x) die("no random numbers");
    x ^= x << 13; x ^= x >> 7; x ^= x << 17;
    return x;
}

/* ---- the plan ------------------------------------------------------------------------------ */

static char *unescaped(char *text) {
    char *to = text;
    for (char *from = text; *from; from++) {
        if (*from == '\\' && from[1]) {
            from++;
            *to++ = *from == 'n' ? '\n' : *from == 'r' ? '\r' : *from == 't' ? '\t' : *from;
        } else *to++ = *from;
    }
    *to = 0;
    return strdup(text);
}

static struct sockaddr_in address_of(const char *text) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    char host[64];
    const char *colon = strrchr(text, ':');
    if (!colon || colon - text >= (long)sizeof host) die("\"%s\" is not an address like 127.0.0.1:8000", text);
    memcpy(host, text, colon - text);
    host[colon - text] = 0;
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) die("\"%s\" is not an IPv4 address", host);
    address.sin_port = htons(atoi(colon + 1));
    return address;
}

static void read_plan(const char *path) {
    FILE *file = strcmp(path, "-") ? fopen(path, "r") : stdin;
    if (!file) die("cannot read the plan %s: %s", path, strerror(errno));
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    uint32_t socket_room = 0, post_room = 0, number = 0;
    while ((length = getline(&line, &room, file)) > 0) {
        number++;
        if (line[length - 1] == '\n') line[--length] = 0;
        if (!length) continue;
        char *field[7] = {0}, *rest = line;
        int count = 0;
        while (count < 7 && rest) field[count++] = strsep(&rest, "\t");
        bool is_post = !strcmp(field[0], "post");
        bool is_stalled = !strcmp(field[0], "stalled");
        if (!is_post && !is_stalled && strcmp(field[0], "socket")) die("line %u: what is \"%s\"?", number, field[0]);
        if (rest || count != (is_post ? 7 : 6)) die("line %u: a %s has %d fields", number, field[0], is_post ? 7 : 6);
        struct sockaddr_in address = address_of(field[1]);
        uint32_t group = strtoul(field[2], NULL, 10);
        if (group >= GROUPS) die("line %u: groups go up to %d", number, GROUPS - 1);
        if (is_post) {
            if (post_count && memcmp(&address, &post_address, sizeof address))
                die("line %u: all POSTs of a run go to one address, or their order would not be ours", number);
            post_address = address;
            snprintf(post_host, sizeof post_host, "%s", field[1]);
            if (post_count == post_room) posts = grow(posts, (post_room = post_room * 2 + 64) * sizeof *posts);
            posts[post_count++] = (struct post){group, unescaped(field[3]), unescaped(field[4]), unescaped(field[5]),
                                                field[6][0] ? unescaped(field[6]) : NULL};
        } else {
            if (socket_count == socket_room) sockets = grow(sockets, (socket_room = socket_room * 2 + 64) * sizeof *sockets);
            struct socket *s = &sockets[socket_count++];
            memset(s, 0, sizeof *s);
            s->wire = (struct wire){.kind = SOCKET, .fd = -1, .address = address};
            s->group = group;
            s->stalled = is_stalled;
            char *where = unescaped(field[3]), *headers = unescaped(field[4]);
            if (asprintf(&s->request,
                         "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: cG9ydGFsLWJlbmNoLWxvYQ==\r\n%s\r\n",
                         where, field[1], headers) < 0) die("out of memory");
            free(where);
            free(headers);
            s->hello = unescaped(field[5]);
            if (!is_stalled) groups[group].readers++;
        }
    }
    free(line);
    if (file != stdin) fclose(file);
}

/* ---- wires --------------------------------------------------------------------------------- */

static void watch(struct wire *w) {
    struct epoll_event event = {.events = EPOLLIN | (w->wants_out ? EPOLLOUT : 0), .data.ptr = w};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, w->fd, &event) && errno == ENOENT)
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, w->fd, &event);
}

static bool flush(struct wire *w) {
    while (w->out.length) {
        ssize_t sent = send(w->fd, w->out.at, w->out.length, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) continue;
            if (errno != EAGAIN) return false;
            break;
        }
        drop_front(&w->out, sent);
    }
    bool wants = w->out.length > 0;
    if (wants != w->wants_out) {
        w->wants_out = wants;
        watch(w);
    }
    return true;
}

static bool dial(struct wire *w, int receive_buffer) {
    w->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (w->fd < 0) die("cannot open a socket: %s", strerror(errno));
    int one = 1;
    setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (receive_buffer) setsockopt(w->fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    w->in.length = w->out.length = 0;
    w->wants_out = true;
    w->state = CONNECTING;
    if (connect(w->fd, (struct sockaddr *)&w->address, sizeof w->address) && errno != EINPROGRESS) {
        note("cannot connect: %s", strerror(errno));
        close(w->fd);
        w->fd = -1;
        w->state = CLOSED;
        return false;
    }
    watch(w);
    return true;
}

static bool connected(struct wire *w) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) note("cannot connect: %s", strerror(error));
    return !error;
}

static void hang_up(struct wire *w) {
    if (w->fd >= 0) close(w->fd);
    w->fd = -1;
    w->state = CLOSED;
}

/* ---- messages ------------------------------------------------------------------------------ */

static void arm_timer(double at) {
    struct itimerspec when = {.it_value = {(time_t)at, (long)((at - (time_t)at) * 1e9)}};
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static uint32_t new_message(uint32_t post, double due) {
    if (message_count == message_room)
        messages = grow(messages, (message_room = message_room * 2 + 4096) * sizeof *messages);
    struct group *g = &groups[posts[post].group];
    if (g->sent == g->room) g->messages = grow(g->messages, (g->room = g->room * 2 + 16) * sizeof *g->messages);
    g->messages[g->sent] = message_count;
    messages[message_count] = (struct message){.group = posts[post].group, .seq = g->sent++, .remaining = g->readers,
                                               .post = post, .due = due};
    unfinished++;
    return message_count++;
}

static void substitute(struct bytes *to, const char *text, const char *marker, const char *key) {
    while (*text) {
        const char *brace = strchr(text, '{');
        if (!brace) {
            append(to, text, strlen(text));
            return;
        }
        append(to, text, brace - text);
        if (!strncmp(brace, "{marker}", 8)) append(to, marker, strlen(marker)), text = brace + 8;
        else if (!strncmp(brace, "{key}", 5)) append(to, key, strlen(key)), text = brace + 5;
        else append(to, "{", 1), text = brace + 1;
    }
}

static void slot_broken(struct slot *slot);

static void send_message(struct slot *slot, uint32_t number) {
    static struct bytes body;
    struct message *m = &messages[number];
    struct post *post = &posts[m->post];
    char marker[40], key[40], head[400];
    snprintf(marker, sizeof marker, "~m%u-%u~", m->group, m->seq);
    uint64_t a = chance(), b = chance();
    snprintf(key, sizeof key, "%08x-%04x-4%03x-8%03x-%012llx", (uint32_t)a, (unsigned)(a >> 32) & 0xffff,
             (unsigned)(a >> 48) & 0xfff, (unsigned)b & 0xfff, (unsigned long long)(b >> 16));
    body.length = 0;
    substitute(&body, post->body, marker, key);
    struct bytes *out = &slot->wire.out;
    append(out, "POST ", 5);
    append(out, post->path, strlen(post->path));
    int length = snprintf(head, sizeof head, " HTTP/1.1\r\nHost: %s\r\nContent-Length: %zu\r\n", post_host, body.length);
    append(out, head, length);
    substitute(out, post->headers, marker, key);
    append(out, "\r\n", 2);
    append(out, body.at, body.length);
    slot->current = number;
    m->sent = now;
    if (slot->wire.state == OPEN && !flush(&slot->wire)) slot_broken(slot);
}

static bool measured(double at) { return at >= window_from && at < window_to; }

static void finish(struct message *m) {
    m->finished = true;
    unfinished--;
    if (measured(now) && m->status >= 200 && m->status < 400) window_messages++;
}

static void next_for(struct slot *slot);

static void progress(uint32_t number) {
    struct message *m = &messages[number];
    bool failed = m->status == -1 || m->status >= 400;
    if (!m->finished && m->status && (failed || !m->remaining)) finish(m);
    struct slot *slot = &slots[m->group % slot_count];
    if (!rate && slot->holding == number && m->finished) {
        slot->holding = NOTHING;
        next_for(slot);
    }
}

static void delivered(struct socket *s, uint32_t seq) {
    struct group *g = &groups[s->group];
    while (s->seen.length <= seq) {
        size_t old = s->seen.length;
        room_for(&s->seen, 64);
        memset(s->seen.at + old, 0, 64);
        s->seen.length += 64;
    }
    if (s->seen.at[seq]) {
        doubled++;
        return;
    }
    s->seen.at[seq] = 1;
    if (seq < s->highest) disordered++;
    else s->highest = seq + 1;
    while (s->next < s->seen.length && s->seen.at[s->next]) s->next++;
    deliveries++;
    if (measured(now)) window_deliveries++;
    struct message *m = &messages[g->messages[seq]];
    if (--m->remaining == 0) {
        m->heard = now;
        progress(g->messages[seq]);
    }
}

static bool holds(const char *text, size_t length, const char *expect) {
    while (*expect) {
        const char *and = strstr(expect, " & ");
        size_t size = and ? (size_t)(and - expect) : strlen(expect);
        bool absent = *expect == '!';
        bool found = memmem(text, length, expect + absent, size - absent) != NULL;
        if (found == absent) return false;
        expect += size + (and ? 3 : 0);
    }
    return true;
}

static void heard(struct socket *s, const char *text, size_t length) {
    frames++;
    frame_bytes += length;
    struct group *g = &groups[s->group];
    if (post_count && s->next < g->sent) {
        const char *expect = posts[messages[g->messages[s->next]].post].expect;
        if (expect) {
            if (holds(text, length, expect)) delivered(s, s->next);
            return;
        }
    }
    const char *at = text, *end = text + length;
    uint32_t last_group = NOTHING, last_seq = NOTHING;
    while ((at = memmem(at, end - at, "~m", 2))) {
        at += 2;
        uint64_t group = 0, seq = 0;
        const char *digit = at;
        while (digit < end && *digit >= '0' && *digit <= '9' && group < GROUPS) group = group * 10 + *digit++ - '0';
        if (digit == at || digit >= end || *digit != '-') continue;
        const char *second = ++digit;
        while (digit < end && *digit >= '0' && *digit <= '9' && seq < NOTHING) seq = seq * 10 + *digit++ - '0';
        if (digit == second || digit >= end || *digit != '~') continue;
        at = digit + 1;
        /* One frame may say a body twice, as text and as a label. */
        if (group == last_group && seq == last_seq) continue;
        last_group = group;
        last_seq = seq;
        if (group != s->group || seq >= g->sent) {
            strays++;
            note("a socket of group %u heard message %llu of group %llu", s->group, (unsigned long long)seq,
                 (unsigned long long)group);
        } else delivered(s, seq);
    }
}

/* ---- sockets ------------------------------------------------------------------------------- */

static void open_more(void) {
    while (opening < HANDSHAKES && next_to_open < socket_count) {
        struct socket *s = &sockets[next_to_open++];
        if (dial(&s->wire, s->stalled ? 4096 : 0)) opening++;
        else refused++;
    }
}

static void socket_lost(struct socket *s, int code) {
    if (s->wire.state == OPEN) {
        closed_early++;
        if (code >= 0 && code < 5000) close_codes[code]++;
    } else {
        refused++;
        opening--;
    }
    hang_up(&s->wire);
    open_more();
}

static void send_frame(struct socket *s, int opcode, const char *text, size_t length) {
    uint32_t mask = chance();
    uint8_t head[14] = {0x80 | opcode};
    size_t size = 2;
    if (length < 126) head[1] = 0x80 | length;
    else if (length < 65536) head[1] = 0x80 | 126, head[2] = length >> 8, head[3] = length, size = 4;
    else {
        head[1] = 0x80 | 127;
        for (int i = 0; i < 8; i++) head[2 + i] = (uint64_t)length >> (56 - 8 * i);
        size = 10;
    }
    memcpy(head + size, &mask, 4);
    append(&s->wire.out, head, size + 4);
    room_for(&s->wire.out, length);
    char *to = s->wire.out.at + s->wire.out.length;
    for (size_t i = 0; i < length; i++) to[i] = text[i] ^ ((uint8_t *)&mask)[i & 3];
    s->wire.out.length += length;
}

/* Takes one frame off the front of what was read. Returns its size, 0 if it is not whole yet, -1 if the socket is over. */
static ssize_t take_frame(struct socket *s, const uint8_t *in, size_t length) {
    if (length < 2) return 0;
    uint64_t size = in[1] & 127;
    size_t head = 2;
    if (size == 126) {
        if (length < 4) return 0;
        size = in[2] << 8 | in[3];
        head = 4;
    } else if (size == 127) {
        if (length < 10) return 0;
        size = 0;
        for (int i = 0; i < 8; i++) size = size << 8 | in[2 + i];
        head = 10;
    }
    if (length < head + size) return 0;
    const char *text = (const char *)in + head;
    bool last = in[0] & 0x80;
    int opcode = in[0] & 15;
    if (opcode == 8) {
        int code = size >= 2 ? (uint8_t)text[0] << 8 | (uint8_t)text[1] : 1005;
        note("a socket was closed with %d: %.*s", code, (int)(size > 2 ? size - 2 : 0), text + 2);
        socket_lost(s, code);
        return -1;
    }
    if (opcode == 9) {
        send_frame(s, 10, text, size);
        if (!flush(&s->wire)) {
            socket_lost(s, 1006);
            return -1;
        }
    } else if (opcode <= 2) {
        if (last && opcode) heard(s, text, size);
        else {
            append(&s->frame, text, size);
            if (last) {
                heard(s, s->frame.at, s->frame.length);
                s->frame.length = 0;
            }
        }
    }
    return head + size;
}

static void say_hello(struct socket *s) {
    s->wire.state = OPEN;
    opening--;
    opened++;
    if (s->hello[0]) send_frame(s, 1, s->hello, strlen(s->hello));
    if (!flush(&s->wire)) {
        socket_lost(s, 1006);
        return;
    }
    if (s->stalled) epoll_ctl(epoll_fd, EPOLL_CTL_DEL, s->wire.fd, NULL);
    open_more();
}

static void socket_ready(struct socket *s, uint32_t events) {
    static char fresh[1 << 18];
    struct wire *w = &s->wire;
    if (w->state == CONNECTING && events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
        if (!connected(w)) {
            socket_lost(s, 1006);
            return;
        }
        w->state = UPGRADING;
        append(&w->out, s->request, strlen(s->request));
    }
    if (events & EPOLLOUT && !flush(w)) {
        socket_lost(s, 1006);
        return;
    }
    if (!(events & (EPOLLIN | EPOLLERR | EPOLLHUP))) return;
    /* A stalled socket takes its handshake in small bites, so nothing is drained beyond it. */
    ssize_t got = recv(w->fd, fresh, s->stalled ? 1024 : sizeof fresh, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        note("a socket was cut off: %s", got ? strerror(errno) : "end of file");
        socket_lost(s, 1006);
        return;
    }
    now = clock_now();
    const char *at = fresh;
    size_t length = got;
    if (w->in.length) {
        append(&w->in, fresh, got);
        at = w->in.at;
        length = w->in.length;
    }
    size_t taken = 0;
    if (w->state == UPGRADING) {
        const char *end = memmem(at, length, "\r\n\r\n", 4);
        if (end) {
            if (length < 12 || memcmp(at + 9, "101", 3)) {
                note("a socket was refused: %.*s", (int)((char *)memchr(at, '\r', length) - at), at);
                socket_lost(s, 1006);
                return;
            }
            taken = end - at + 4;
            say_hello(s);
            if (s->stalled || w->state != OPEN) return;
        }
    }
    while (w->state == OPEN && taken < length) {
        ssize_t size = take_frame(s, (const uint8_t *)at + taken, length - taken);
        if (size < 0) return;
        if (!size) break;
        taken += size;
    }
    if (at == w->in.at) drop_front(&w->in, taken);
    else if (taken < length) append(&w->in, at + taken, length - taken);
}

/* ---- POSTs --------------------------------------------------------------------------------- */

static void next_for(struct slot *slot) {
    if (slot->current != NOTHING) return;
    if (rate) {
        if (slot->head != slot->tail) {
            uint32_t number = slot->queue[slot->head++ % slot->room];
            send_message(slot, number);
        }
    } else if (phase == RUNNING && slot->holding == NOTHING && slot->count) {
        uint32_t post = slot->posts[slot->turn++ % slot->count];
        slot->holding = new_message(post, now);
        send_message(slot, slot->holding);
    }
}

static void answered(struct slot *slot, int status) {
    uint32_t number = slot->current;
    slot->current = NOTHING;
    slot->stale = true;
    messages[number].status = status;
    messages[number].answered = now;
    if (status > 0 && status < 600) answers[status]++;
    else broken_posts++;
    progress(number);
    next_for(slot);
}

static void slot_broken(struct slot *slot) {
    bool again = slot->stale && slot->current != NOTHING;
    uint32_t number = slot->current;
    hang_up(&slot->wire);
    slot->stale = false;
    dial(&slot->wire, 0);
    if (again) send_message(slot, number);
    else if (number != NOTHING) {
        note("a POST got no answer");
        answered(slot, -1);
    }
}

/* The size of a whole answer at the front of what was read, or 0. */
static size_t whole_answer(const struct bytes *in, int *status, bool *closes) {
    const char *end = memmem(in->at, in->length, "\r\n\r\n", 4);
    if (!end || in->length < 12) return 0;
    size_t head = end - in->at + 4, body = 0;
    *status = atoi(in->at + 9);
    *closes = false;
    bool chunked = false;
    for (const char *line = memchr(in->at, '\n', head); line && line + 1 < end; line = memchr(line + 1, '\n', end - line)) {
        const char *name = line + 1;
        if (!strncasecmp(name, "content-length:", 15)) body = strtoul(name + 15, NULL, 10);
        else if (!strncasecmp(name, "transfer-encoding: chunked", 26)) chunked = true;
        else if (!strncasecmp(name, "connection: close", 17)) *closes = true;
    }
    if (chunked) {
        const char *last = memmem(in->at + head - 2, in->length - head + 2, "\r\n0\r\n\r\n", 7);
        return last ? (size_t)(last - in->at) + 7 : 0;
    }
    return in->length >= head + body ? head + body : 0;
}

static void slot_ready(struct slot *slot, uint32_t events) {
    struct wire *w = &slot->wire;
    if (w->state == CONNECTING && events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
        if (!connected(w)) {
            /* Nobody listens: what waits here fails now, and the next message dials again. */
            hang_up(w);
            dial(w, 0);
            if (slot->current != NOTHING) answered(slot, -1);
            return;
        }
        w->state = OPEN;
    }
    if (events & EPOLLOUT && !flush(w)) {
        slot_broken(slot);
        return;
    }
    if (!(events & (EPOLLIN | EPOLLERR | EPOLLHUP))) return;
    room_for(&w->in, 65536);
    ssize_t got = recv(w->fd, w->in.at + w->in.length, 65535, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        slot_broken(slot);
        return;
    }
    now = clock_now();
    w->in.length += got;
    w->in.at[w->in.length] = 0;
    int status;
    bool closes;
    size_t size = whole_answer(&w->in, &status, &closes);
    if (!size) return;
    if (status >= 400) {
        const char *body = strstr(w->in.at, "\r\n\r\n");
        note("a POST was answered %d: %.200s", status, body ? body + 4 : "");
    }
    drop_front(&w->in, size);
    if (closes) {
        hang_up(w);
        dial(w, 0);
    }
    if (slot->current != NOTHING) answered(slot, status);
}

static void make_slots(void) {
    slot_count = rate ? CONNECTIONS : in_flight;
    slots = calloc(slot_count, sizeof *slots);
    for (uint32_t i = 0; i < post_count; i++) {
        struct slot *slot = &slots[posts[i].group % slot_count];
        slot->posts = grow(slot->posts, (slot->count + 1) * sizeof *slot->posts);
        slot->posts[slot->count++] = i;
    }
    for (uint32_t i = 0; i < slot_count; i++) {
        slots[i].wire = (struct wire){.kind = SLOT, .fd = -1, .address = post_address};
        slots[i].current = slots[i].holding = NOTHING;
        if (slots[i].count) dial(&slots[i].wire, 0);
    }
}

static void enqueue(struct slot *slot, uint32_t number) {
    if (slot->tail - slot->head == slot->room) {
        uint32_t waiting = slot->tail - slot->head, room = slot->room * 2 + 64;
        uint32_t *queue = grow(NULL, room * sizeof *queue);
        for (uint32_t i = 0; i < waiting; i++) queue[i] = slot->queue[(slot->head + i) % slot->room];
        free(slot->queue);
        slot->queue = queue;
        slot->room = room;
        slot->head = 0;
        slot->tail = waiting;
    }
    slot->queue[slot->tail++ % slot->room] = number;
    next_for(slot);
}

static void send_what_is_due(void) {
    double due;
    while ((due = started + due_count / rate) <= now && due < window_to) {
        if (now - due > generator_lag) generator_lag = now - due;
        due_count++;
        uint32_t post = next_post++ % post_count;
        enqueue(&slots[posts[post].group % slot_count], new_message(post, due));
        now = clock_now();
    }
    if (due < window_to) arm_timer(due);
}

static void give_up_on_the_late(void) {
    for (uint32_t i = 0; !rate && i < slot_count; i++) {
        struct slot *slot = &slots[i];
        if (slot->holding == NOTHING || now - messages[slot->holding].sent < patience) continue;
        struct message *m = &messages[slot->holding];
        if (!m->given_up) note("message %u of group %u did not come in %.0f s", m->seq, m->group, patience);
        m->given_up = true;
        slot->holding = NOTHING;
        if (slot->current != NOTHING) {
            slot->stale = false;
            slot_broken(slot);
        } else next_for(slot);
    }
}

/* ---- the result ---------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void print_spread(const char *name, double *times, uint32_t count) {
    qsort(times, count, sizeof *times, ascending);
    if (!count) {
        printf("\"%s\": {\"samples\": 0}, ", name);
        return;
    }
    printf("\"%s\": {\"samples\": %u, \"p50\": %.3f, \"p90\": %.3f, \"p99\": %.3f, \"max\": %.3f}, ", name, count,
           times[(count - 1) / 2] * 1e3, times[(uint32_t)((count - 1) * 0.9)] * 1e3,
           times[(uint32_t)((count - 1) * 0.99)] * 1e3, times[count - 1] * 1e3);
}

static void print_result(void) {
    uint32_t heard_count = 0, answer_count = 0;
    uint64_t missing = 0, failed = 0, unanswered = 0;
    double *hears = grow(NULL, (message_count + 1) * sizeof *hears);
    double *waits = grow(NULL, (message_count + 1) * sizeof *waits);
    for (uint32_t i = 0; i < message_count; i++) {
        struct message *m = &messages[i];
        if (m->status == 0) unanswered++;
        else if (m->status < 0 || m->status >= 400) failed++;
        else missing += m->remaining;
        /* A closed loop has as many messages due as it finished; only an open one can leave some behind. */
        if (!measured(m->due) || m->status < 200 || m->status >= 400) continue;
        waits[answer_count++] = m->answered - m->due;
        if (!m->remaining && groups[m->group].readers) {
            double last = m->heard > m->due ? m->heard : m->answered;
            hears[heard_count++] = last - m->due;
        }
    }
    printf("{\"event\": \"result\", \"sockets\": %u, \"refused\": %u, \"seconds\": %.3f, \"sent\": %u, ", opened, refused,
           window_to - window_from, message_count);
    double span = window_to > window_from ? window_to - window_from : 1;
    printf("\"messages\": %llu, \"messages_per_second\": %.2f, \"deliveries\": %llu, \"deliveries_per_second\": %.2f, ",
           (unsigned long long)window_messages, window_messages / span, (unsigned long long)window_deliveries,
           window_deliveries / span);
    print_spread("latency_ms", hears, heard_count);
    print_spread("answer_ms", waits, answer_count);
    printf("\"frames\": %llu, \"bytes_per_frame\": %.0f, \"missing\": %llu, \"doubled\": %llu, \"out_of_order\": %llu, \"strays\": %llu, "
           "\"failed_posts\": %llu, \"broken_posts\": %llu, \"unanswered_posts\": %llu, \"closed_sockets\": %llu, ",
           (unsigned long long)frames, frames ? (double)frame_bytes / frames : 0.0, (unsigned long long)missing, (unsigned long long)doubled,
           (unsigned long long)disordered, (unsigned long long)strays, (unsigned long long)failed,
           (unsigned long long)broken_posts, (unsigned long long)unanswered, (unsigned long long)closed_early);
    printf("\"answers\": {");
    const char *comma = "";
    for (int i = 0; i < 600; i++)
        if (answers[i]) printf("%s\"%d\": %u", comma, i, answers[i]), comma = ", ";
    printf("}, \"close_codes\": {");
    comma = "";
    for (int i = 0; i < 5000; i++)
        if (close_codes[i]) printf("%s\"%d\": %u", comma, i, close_codes[i]), comma = ", ";
    printf("}, \"generator_lag_ms\": %.3f, \"first_error\": \"%s\"}\n", generator_lag * 1e3, first_error);
    fflush(stdout);
}

static void say(const char *event) {
    printf("{\"event\": \"%s\", \"sockets\": %u, \"refused\": %u, \"first_error\": \"%s\"}\n", event, opened, refused, first_error);
    fflush(stdout);
}

/* ---- the run ------------------------------------------------------------------------------- */

static void start(void) {
    now = started = clock_now();
    window_from = started + warm;
    window_to = window_from + seconds;
    phase = RUNNING;
    if (!rate)
        for (uint32_t i = 0; i < slot_count; i++) next_for(&slots[i]);
}

static void input_ready(int fd) {
    char line[64];
    ssize_t got = read(fd, line, sizeof line);
    if (got < 0) return;
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
    if (got == 0 || !post_count || phase != READY) phase = OVER;
    else start();
}

static void turn_the_page(void) {
    static struct wire input = {.kind = INPUT, .fd = 0};
    if (phase == OPENING && opened + refused == socket_count) {
        phase = READY;
        say("open");
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &input};
        /* A plain file is always ready and epoll will not have it. */
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &event)) input_ready(0);
    }
    if (phase != RUNNING && phase != DRAINING) return;
    if (rate && phase == RUNNING) send_what_is_due();
    if (!window_open && now >= window_from) {
        window_open = true;
        say("measuring");
    }
    if (!window_shut && now >= window_to) {
        window_shut = true;
        say("measured");
        phase = DRAINING;
        drain_until = now + drain;
    }
    if (phase == DRAINING && (!unfinished || now >= drain_until)) phase = OVER;
}

int main(int count, char **words) {
    const char *plan = NULL;
    for (int i = 1; i < count; i++) {
        if (strncmp(words[i], "--", 2)) {
            plan = words[i];
            continue;
        }
        if (i + 1 == count) die("%s needs a number", words[i]);
        double number = atof(words[i + 1]);
        if (!strcmp(words[i], "--rate")) rate = number;
        else if (!strcmp(words[i], "--in-flight")) in_flight = number;
        else if (!strcmp(words[i], "--seconds")) seconds = number;
        else if (!strcmp(words[i], "--warm")) warm = number;
        else if (!strcmp(words[i], "--drain")) drain = number;
        else if (!strcmp(words[i], "--patience")) patience = number;
        else die("what is %s?", words[i]);
        i++;
    }
    if (!plan) die("say which plan to run: a file, or - for standard input");
    if (in_flight < 1) die("--in-flight is at least 1");

    signal(SIGPIPE, SIG_IGN);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    groups = calloc(GROUPS, sizeof *groups);
    if (!groups) die("out of memory");
    read_plan(plan);
    if (socket_count + CONNECTIONS + in_flight + 16 > limit.rlim_max)
        die("%u sockets are more than this machine lets one process open (%llu): raise ulimit -n", socket_count,
            (unsigned long long)limit.rlim_max);

    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    static struct wire timer = {.kind = TIMER};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &timer};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &event);
    if (post_count) make_slots();
    open_more();

    struct epoll_event events[512];
    double checked = clock_now();
    while (phase != OVER) {
        int ready = epoll_wait(epoll_fd, events, 512, 20);
        now = clock_now();
        for (int i = 0; i < ready; i++) {
            struct wire *w = events[i].data.ptr;
            uint64_t ticks;
            if (w->kind == TIMER) {
                if (read(timer_fd, &ticks, sizeof ticks) < 0) continue;
            } else if (w->kind == INPUT) input_ready(w->fd);
            else if (w->state == CLOSED) continue;
            else if (w->kind == SOCKET) socket_ready((struct socket *)w, events[i].events);
            else slot_ready((struct slot *)w, events[i].events);
        }
        if (now - checked > 0.1) {
            checked = now;
            if (phase == RUNNING) give_up_on_the_late();
        }
        turn_the_page();
    }
    print_result();
    return 0;
}
