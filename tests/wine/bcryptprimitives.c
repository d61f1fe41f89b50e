/* bcryptprimitives.dll for tests under Debian's wine 8, which lacks it. Rust's std takes its random numbers from there. */
#include <windows.h>
#include <ntsecapi.h>
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length) { return RtlGenRandom(data, (ULONG)length); }
