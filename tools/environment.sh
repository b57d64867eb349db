#!/bin/sh
# Makes the virtual environment FOLDER, with the versions pinned in REQUIREMENTS and this package in it.
# Where a piece of the system is missing, prints the line that installs it.
set -eu
[ $# -eq 2 ] || { echo "usage: tools/environment.sh FOLDER REQUIREMENTS" >&2; exit 2; }
folder=$1
requirements=$2
unset PYTHONHOME PYTHONPATH PIP_USER

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
can_make_environments() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }
version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

say_what_is_missing() {
    for name in $candidates; do
        if new_enough "$name"; then
            version=$(version_of "$name")
            echo "chainrule: Python $version is here, but not its venv module. Type:" >&2
            echo "    sudo apt-get install python$version-venv" >&2
            return
        fi
    done
    if version=$(version_of python3); then
        echo "chainrule needs Python 3.11 or newer; python3 here is $version. Type:" >&2
        echo "    sudo apt-get install python3.11 python3.11-venv" >&2
    else
        echo "chainrule needs Python 3.11 or newer, and there is no python3 here. Type:" >&2
        echo "    sudo apt-get install python3 python3-venv" >&2
    fi
}

candidates=${CHAINRULE_PYTHON:-"python3.13 python3.12 python3.11 python3"}
if ! new_enough "$folder/bin/python" || ! "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    python=
    for name in $candidates; do
        if new_enough "$name" && can_make_environments "$name"; then
            python=$name
            break
        fi
    done
    if [ -z "$python" ]; then
        say_what_is_missing
        exit 1
    fi
    echo "chainrule: making $folder with Python $(version_of "$python")"
    rm -rf "$folder"
    "$python" -m venv "$folder"
fi

export PIP_DISABLE_PIP_VERSION_CHECK=1
echo "chainrule: installing what $requirements pins into $folder (a minute or two the first time)"
"$folder/bin/python" -m pip install --quiet --no-input -r "$requirements"
"$folder/bin/python" -m pip install --quiet --no-input --no-deps --no-build-isolation --editable .
