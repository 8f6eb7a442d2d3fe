/* The least that can be done at all: floor.py in C.  ./floor WEBRTCVAD BLOCK_MS PORT < pipe
 *
 * webrtcvad is called in its own Python extension module, whose C functions are visible: the data that module wants
 * from Python are stand-ins below, and its Python functions are never called. WEBRTCVAD may be "-": no detector then.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void *PyExc_ValueError, *_Py_NoneStruct[8], *_Py_TrueStruct[8], *_Py_FalseStruct[8];

enum { FRAME = 640, CHUNK = 8192, PREROLL = 9600, HANGOVER = 45 };
static const char HEAD[] = "{\"chat_type\": \"voice\", \"isLive\": true, \"audio_base64_pcm\": \"";

static int (*vad_process)(void *, int, const int16_t *, size_t);
static void *vad;

static int load(const char *path) {
  void *module = dlopen(path, RTLD_LAZY);
  if (!module) return 0;
  int (*create)(void **) = (int (*)(void **))dlsym(module, "WebRtcVad_Create");
  int (*init)(void *) = (int (*)(void *))dlsym(module, "WebRtcVad_Init");
  int (*set_mode)(void *, int) = (int (*)(void *, int))dlsym(module, "WebRtcVad_set_mode");
  vad_process = (int (*)(void *, int, const int16_t *, size_t))dlsym(module, "WebRtcVad_Process");
  return create && init && set_mode && vad_process && !create(&vad) && vad && !init(vad) && !set_mode(vad, 2);
}

static size_t base64(const uint8_t *in, size_t size, char *out) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char *start = out;
  for (; size >= 3; size -= 3, in += 3) {
    uint32_t bits = in[0] << 16 | in[1] << 8 | in[2];
    *out++ = digits[bits >> 18]; *out++ = digits[bits >> 12 & 63];
    *out++ = digits[bits >> 6 & 63]; *out++ = digits[bits & 63];
  }
  if (size) {
    uint32_t bits = in[0] << 16 | (size > 1 ? in[1] << 8 : 0);
    *out++ = digits[bits >> 18]; *out++ = digits[bits >> 12 & 63];
    *out++ = size > 1 ? digits[bits >> 6 & 63] : '='; *out++ = '=';
  }
  return out - start;
}

int main(int count, char **words) {
  if (count != 4) return 2;
  int has_vad = strcmp(words[1], "-") != 0;
  if (has_vad && !load(words[1])) return 3;
  size_t block = 32 * strtoul(words[2], 0, 10);
  struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(strtoul(words[3], 0, 10))};
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int out = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  if (connect(out, (struct sockaddr *)&peer, sizeof peer)) return 4;
  setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);

  static uint8_t sound[1 << 17];
  static char message[CHUNK * 2];
  size_t held = 0;
  unsigned window = 0;
  int is_open = 0, quiet = 0;
  ssize_t got;
  while ((got = read(0, sound + held, block)) > 0) {
    for (ssize_t at = 0; at + FRAME <= got; at += FRAME) {
      int speech = has_vad && vad_process(vad, 16000, (const int16_t *)(sound + held + at), FRAME / 2) == 1;
      window = (window << 1 | speech) & 15;
      if (is_open) {
        quiet = speech ? 0 : quiet + 1;
        is_open = quiet < HANGOVER;
      } else if (__builtin_popcount(window) >= 3) {
        is_open = 1, quiet = 0;
      }
    }
    held += got;
    size_t used = 0;
    for (; is_open && held - used >= CHUNK; used += CHUNK) {
      size_t size = sizeof HEAD - 1;
      memcpy(message, HEAD, size);
      size += base64(sound + used, CHUNK, message + size);
      memcpy(message + size, "\"}", 2);
      if (write(out, message, size + 2) < 0) return 5;
    }
    if (!is_open && held > PREROLL) used = held - PREROLL;
    memmove(sound, sound + used, held -= used);
  }
  return 0;
}
