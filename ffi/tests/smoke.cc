// The header is C++ too, and its functions link from it.

#include "yinxin.h"

#include <cstring>

int main() {
    return std::strcmp(yinxin_status_name(YINXIN_OK), "OK") == 0 ? 0 : 1;
}
